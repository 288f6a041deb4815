#!/usr/bin/env node
import { main } from "./main.ts";
import { processTerminal } from "./terminal.ts";

// not process.exit(): what is still on its way to a pipe would be cut off
process.exitCode = await main(process.argv.slice(2), processTerminal());
