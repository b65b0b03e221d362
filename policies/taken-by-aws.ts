import { findingsOf } from "../aws/check.ts";
import { facts } from "../aws/facts.ts";
import { inputRecordOf } from "../aws/inputs.ts";
import { isUnknownValue } from "./judging/resource.ts";
import { every, type Policy } from "./policy.ts";

export const takenByAws: Policy = {
  name: "taken-by-aws",
  control: "D08",
  reason: "AWS would refuse it in mid-deployment, after what came before it was made.",
  fix: "Give the property a value that AWS takes: its rule stands beside the property.",
  inputsOnly: true,
  each: [
    every(
      (type) => facts().types[type] !== undefined,
      ({ type, props }, demand) => {
        for (const { path, expected } of findingsOf(type, inputRecordOf(props, { throws: isUnknownValue })))
          demand(`${path} (AWS takes ${expected})`, () => false);
      },
    ),
  ],
};
