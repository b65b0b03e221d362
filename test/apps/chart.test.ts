import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localChart } from "../../apps/helm-release.ts";
import { chartFilesIn, filesHash } from "../../shared/chart-files.ts";

describe("localChart", () => {
  it("names the chart relative to the project, so that no machine's path gets into the state", () => {
    expect(localChart("engine").path).toBe("./apps/charts/engine");
    expect(localChart("engine").hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("filesHash", () => {
  const directory = mkdtempSync(join(tmpdir(), "sparki-chart-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);

  it("changes with a file's content and with its name, and with nothing else", () => {
    write("a.yaml", "one");
    const first = filesHash(chartFilesIn(directory));
    write("a.yaml", "one");
    expect(filesHash(chartFilesIn(directory))).toBe(first);
    write("a.yaml", "two");
    const second = filesHash(chartFilesIn(directory));
    expect(second).not.toBe(first);
    write("b.yaml", "two");
    rmSync(join(directory, "a.yaml"));
    expect(filesHash(chartFilesIn(directory))).not.toBe(second);
  });

  it("refuses a symbolic link, which Helm would follow, wherever in the chart it is (X02)", () => {
    symlinkSync("/etc/hostname", join(directory, "linked.yaml"));
    expect(() => filesHash(chartFilesIn(directory))).toThrow(
      /linked\.yaml is a symbolic link; a chart holds regular files only/,
    );
    rmSync(join(directory, "linked.yaml"));
    symlinkSync("/etc", join(directory, "linked"));
    expect(() => filesHash(chartFilesIn(directory))).toThrow(/linked is a symbolic link/);
  });
});
