import { readFileSync } from "node:fs";
import { join } from "node:path";

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const file = join(import.meta.dirname, "..", "..", "package-lock.json");
const { packages }: { packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(readFileSync(file, "utf8"));

describe("package-lock.json", () => {
  it("names the binaries of every platform, without which npm ci refuses the lock", () => {
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter(
        (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
      ),
    );
    expect(missing).toEqual([]);
  });
});
