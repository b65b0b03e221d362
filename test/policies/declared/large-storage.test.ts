import { data } from "../../../policies/declared/data.ts";
import { mismatches } from "../../../policies/declared/shape.ts";
import { situation } from "../../support/policy-fixtures.ts";

const properties = data.find(({ name }) => name === "database-instance")?.properties ?? {};
const { database } = situation().config;
const shape = { iops: properties.iops ?? "", storageThroughput: properties.storageThroughput ?? "" };
const wrong = (storageGib: number, set: object) => {
  const world = { ...situation({ database: { ...database, storageGib, maxStorageGib: 1000 } }), bound: {} };
  return mismatches(() => set, shape, world).map(({ path }) => path);
};
const baseline = { iops: 12_000, storageThroughput: 500 };

describe("what the declarations let pass of the database's storage", () => {
  it("is RDS's own IOPS and throughput from 400 GiB on, and none below", () => {
    expect(wrong(400, baseline)).toEqual([]);
    expect(wrong(399, {})).toEqual([]);
    expect(wrong(399, baseline)).toEqual(["iops", "storageThroughput"]);
    expect(wrong(400, {})).toEqual(["iops", "storageThroughput"]);
  });

  it("is no more of them, which would have a price", () => {
    expect(wrong(400, { iops: 16_000, storageThroughput: 1000 })).toEqual(["iops", "storageThroughput"]);
  });
});
