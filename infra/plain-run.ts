import * as pulumi from "@pulumi/pulumi";
import { plainRunNotice } from "../stacks/run-record.ts";

/** Tells in one line what an update by plain `pulumi` does not guarantee; says nothing where sparki runs the program. */
export function tellOfPlainRun(): void {
  const notice = plainRunNotice(process.env);
  if (notice !== undefined) void pulumi.log.warn(notice);
}
