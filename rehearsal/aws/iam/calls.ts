import type { ApiRequest } from "../../../aws/authorization.ts";
import type { About } from "./about.ts";

/** The requests that one act of the provider makes. */
export type Ask = (it: About) => readonly ApiRequest[];

/** What the AWS provider asks AWS for a resource type, by what it does. Reading comes after each creation and change too. */
export interface TypeCalls {
  readonly create: Ask;
  readonly read: Ask;
  /** Of a type that is only replaced. @default nothing */
  readonly update?: Ask;
  readonly delete: Ask;
}

export type CallTable = Readonly<Record<string, TypeCalls>>;

/** Only where it holds. */
export const only = (holds: boolean, requests: () => readonly ApiRequest[]): readonly ApiRequest[] =>
  holds ? requests() : [];
