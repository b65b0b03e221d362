import { ATTACKERS_WRONG } from "./attackers-wrong-inputs.ts";
import { DELIVERY_WRONG } from "./delivery-inputs.ts";
import { FURTHER_RIGHT } from "./further-right-inputs.ts";
import { FURTHER_WRONG } from "./further-wrong-inputs.ts";
import { LATER_RIGHT } from "./later-right-inputs.ts";
import { LATER_WRONG } from "./later-wrong-inputs.ts";
import { OUTSIDERS_RIGHT } from "./outsiders-right-inputs.ts";
import { OUTSIDERS_WRONG } from "./outsiders-wrong-inputs.ts";
import { REFERENCE_WRONG } from "./reference-wrong-inputs.ts";
import { SECOND_ATTACKERS_RIGHT, SECOND_ATTACKERS_WRONG } from "./second-attackers-inputs.ts";
import { SECOND_SURVEY_WRONG } from "./second-survey-wrong-inputs.ts";
import { STRANGERS_RIGHT, STRANGERS_WRONG } from "./strangers-inputs.ts";
import { SURVEYED_RIGHT } from "./surveyed-right-inputs.ts";
import { SURVEYED_WRONG } from "./surveyed-wrong-inputs.ts";
import { THIRD_SURVEY_WRONG } from "./third-survey-wrong-inputs.ts";
import { WRONG } from "./wrong-inputs.ts";

/** Right inputs beside one set for each type. */
export const ALL_RIGHT = [
  ...FURTHER_RIGHT,
  ...OUTSIDERS_RIGHT,
  ...LATER_RIGHT,
  ...SURVEYED_RIGHT,
  ...STRANGERS_RIGHT,
  ...SECOND_ATTACKERS_RIGHT,
];

export const ALL_WRONG = [
  ...WRONG,
  ...FURTHER_WRONG,
  ...OUTSIDERS_WRONG,
  ...LATER_WRONG,
  ...SURVEYED_WRONG,
  ...SECOND_SURVEY_WRONG,
  ...THIRD_SURVEY_WRONG,
  ...REFERENCE_WRONG,
  ...STRANGERS_WRONG,
  ...DELIVERY_WRONG,
  ...ATTACKERS_WRONG,
  ...SECOND_ATTACKERS_WRONG,
];
