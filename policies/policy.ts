import type { StackConfig } from "../stacks/schema.ts";
import type { ControlId } from "./controls/table.ts";
import type { ClosedWorld } from "./declared/shape.ts";
import type { AnyResource, Resource, StackView } from "./judging/resource.ts";
import type { ResourceType } from "./resource-types.ts";

/** The stack's config, by which policies go. */
export type PolicyConfig = StackConfig;

/** The secrets by which alerts reach people, as the stack's config names them. */
export const ALERT_SECRETS = ["slackWebhook", "slackToken", "heartbeatUrl"] as const;
export type AlertSecret = (typeof ALERT_SECRETS)[number];

export interface Situation {
  readonly stack: string;
  /** Whose stack it is, as the engine tells it. @default unknown: nothing may name it */
  readonly organization?: string;
  readonly config: PolicyConfig;
  /** ISO date. */
  readonly today: string;
  /** The program ends before it has made all of the stack: what an exemption excuses may come later. @default false */
  readonly isPartial?: boolean;
  /** Keys of the stack's config that hold its secrets for alerts, without the secrets. @default none is known */
  readonly alertSecrets?: readonly AlertSecret[];
  /** What may exist. @default what policies/declared has of the deployment */
  readonly closedWorld?: ClosedWorld;
}

/**
 * What is to be believed of a value that preview cannot know.
 * A type token: it holds when the value comes from a resource of that type.
 * `update`: it is judged in the update, before the resource is made or changed.
 * Without it an unknown value is a violation.
 */
export type WhenUnknown = { readonly comesFrom: string } | "update";

/** Says that a property must hold; a violation names the property, never its value. */
export type Demand = (property: string, holds: () => boolean, whenUnknown?: WhenUnknown) => void;

export interface EachCheck {
  /** Undefined when it reads more than one type. */
  readonly type: string | undefined;
  readonly appliesTo: (type: string) => boolean;
  readonly check: (resource: AnyResource, demand: Demand, situation: Situation) => void;
}

export type WholeCheck = (
  stack: StackView,
  demand: (resource: AnyResource, ...demanded: Parameters<Demand>) => void,
  situation: Situation,
) => void;

/** One demand on the stack's resources; whatever breaks it stops the preview. */
export interface Policy {
  /** What it demands. */
  readonly name: string;
  readonly control: ControlId;
  readonly reason: string;
  readonly fix: string;
  /** A stack whose config says that it is not production may relax it by name. @default false: it may not */
  readonly relaxable?: boolean;
  /** Judged on what the program asks for, and never on what the provider makes of it. @default false */
  readonly inputsOnly?: boolean;
  /**
   * Gets what judging a resource needs and takes long. In preview, where nothing is touched, the engine is not kept
   * waiting for it: the resource is judged when all are known.
   */
  readonly prepare?: (resource: AnyResource, situation: Situation) => Promise<void>;
  /** Judged for each resource on its own, before it is touched. */
  readonly each?: readonly EachCheck[];
  /** Judged once all resources are known, for what lies between resources. */
  readonly whole?: WholeCheck;
}

/** A check of every resource of one type. */
export function each<T extends ResourceType>(
  type: T,
  check: (resource: Resource<T>, demand: Demand, situation: Situation) => void,
): EachCheck {
  return {
    type,
    appliesTo: (candidate) => candidate === type,
    check: (resource, demand, situation) => {
      if (resource.is(type)) check(resource, demand, situation);
    },
  };
}

/** A check of every resource whose type passes `appliesTo`, with untyped properties. */
export function every(appliesTo: (type: string) => boolean, check: EachCheck["check"]): EachCheck {
  return { type: undefined, appliesTo, check };
}
