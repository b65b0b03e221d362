import { assertOwnRecord, plainRunNotice, RUN_RECORD_KEY } from "../../stacks/run-record.ts";

describe("assertOwnRecord", () => {
  it("accepts no record, and the one that sparki wrote for this run", () => {
    expect(() => assertOwnRecord({}, {})).not.toThrow();
    expect(() => assertOwnRecord({ [RUN_RECORD_KEY]: "{}" }, { SPARKI_RUN_RECORD: "{}" })).not.toThrow();
  });

  it("refuses a record that somebody put into the stack's config (X08)", () => {
    const forged = { [RUN_RECORD_KEY]: '{"by": "sparki deploy"}' };
    for (const env of [{}, { SPARKI_RUN_RECORD: "{}" }])
      expect(() => assertOwnRecord(forged, env)).toThrow(expect.objectContaining({ code: "SPARKI_CONFIG" }));
  });
});

describe("plainRunNotice", () => {
  it("says in one line what plain pulumi does not guarantee, and nothing where sparki runs", () => {
    expect(plainRunNotice({})).toMatch(/^plain pulumi: nothing is sealed or approved.*--policy-pack policies$/);
    expect(plainRunNotice({ SPARKI_RUNS: "true" })).toBeUndefined();
  });
});
