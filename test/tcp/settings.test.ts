import { describe, expect, it } from "vitest";
import { DEFAULT_TCP_CONFIG, Settings } from "../../src/tcp/index.ts";

/** Settings of which none has its default. */
function strange(): Settings {
  const settings = new Settings(DEFAULT_TCP_CONFIG);
  for (const [index, [name, value]] of Object.entries(settings).entries()) {
    const other = typeof value === "boolean" ? !value : typeof value === "number" ? 1_000_000 + index : name;
    Object.assign(settings, { [name]: name === "options" ? new Uint8Array(4) : other });
  }
  return settings;
}

describe("settings of another socket", () => {
  it("are copied, every one", () => {
    const settings = new Settings(DEFAULT_TCP_CONFIG);
    const other = strange();
    for (const [name, value] of Object.entries(settings)) {
      expect(Reflect.get(other, name), name).not.toBe(value);
    }
    settings.copyFrom(other);
    expect(settings).toEqual(other);
  });

  it("pass from a listener to its connections but for those about accepting, and IP options", () => {
    const settings = new Settings(DEFAULT_TCP_CONFIG);
    settings.inheritFrom(strange());
    expect(settings).toEqual(Object.assign(strange(), { deferAccept: 0, options: undefined }));
  });
});
