/**
 * Before every test file. Properties are tried with the same examples every time, so that a run can be repeated; other
 * ones with `FAST_CHECK_SEED=2 npm test`.
 */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env["FAST_CHECK_SEED"] ?? 1) });
