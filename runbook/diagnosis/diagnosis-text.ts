import { findingLines } from "../preflight/preflight-text.ts";
import type { Looked } from "../preflight/side-by-side.ts";
import { duration } from "../report/duration.ts";
import type { Paint } from "../report/screen.ts";
import type { Diagnosis } from "./diagnose.ts";

/** The diagnosis for a person: the likely cause first, with what it rests on and the next command. */
export function diagnosisText({ likelyCause, symptoms, topics, seconds, stack }: Diagnosis, paint: Paint): string {
  const others = symptoms.filter((symptom) => symptom !== likelyCause);
  const wrong = others.filter(({ status }) => status === "fail" || status === "warn");
  const fine = others.filter(({ status }) => status === "pass" || status === "skipped");
  return `${[
    ...section(
      paint.strong(likelyCause?.isBlind === true ? "Could not be looked at" : "Likely cause"),
      likelyCause === null ? [] : [likelyCause],
      paint,
    ),
    ...section("Also wrong, perhaps because of it", wrong, paint),
    ...section("Looked at", fine, paint),
    "",
    `${verdict(likelyCause)} on ${stack} (${topics.join(", ")}), in ${duration(seconds)}.`,
  ].join("\n")}\n`;
}

function section(title: string, symptoms: readonly Looked[], paint: Paint): string[] {
  return symptoms.length === 0 ? [] : ["", title, ...symptoms.flatMap((symptom) => findingLines(symptom, paint))];
}

function verdict(likelyCause: Looked | null): string {
  if (likelyCause === null) return "Nothing wrong was found";
  if (likelyCause.isBlind === true) return "Nothing wrong was seen, but not everything could be looked at,";
  return likelyCause.status === "fail" ? "Something is wrong" : "Something is not as it should be";
}
