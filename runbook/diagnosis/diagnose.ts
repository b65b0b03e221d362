import { EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import { findingLines } from "../preflight/preflight-text.ts";
import { type EndedCheck, runSideBySide } from "../preflight/side-by-side.ts";
import { duration } from "../report/columns.ts";
import type { Paint, Screen } from "../report/screen.ts";
import type { DiagnosisContext, Examination, Topic } from "./examination.ts";

/** What a diagnosis came to; also the document of `--json`. */
export interface Diagnosis {
  readonly stack: string;
  readonly topics: readonly Topic[];
  /** 4 when nothing wrong was seen, but something could not be checked. */
  readonly exitCode: ExitCodeOf<"done" | "refused" | "outside">;
  /** The first wrong thing that nothing else that is wrong explains; null when nothing is wrong. */
  readonly likelyCause: EndedCheck | null;
  /** Everything that was checked, causes before what they cause. */
  readonly symptoms: readonly EndedCheck[];
  readonly seconds: number;
}

/** Runs every examination of the topics side by side; rejects only when aborted. */
export async function diagnose(
  context: DiagnosisContext,
  { topics, examinations }: { readonly topics: readonly Topic[]; readonly examinations: readonly Examination[] },
  screen: Screen,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const start = context.clock.now();
  const chosen = examinations.filter((each) => each.topics.some((topic) => topics.includes(topic)));
  const symptoms = await runSideBySide("diagnosis", chosen, context, { screen, signal });
  const seen = (status: EndedCheck["status"]) =>
    symptoms.find((each) => each.status === status && each.isBlind !== true);
  const failed = symptoms.find(({ status }) => status === "fail");
  // What nobody could look at explains nothing, unless there is nothing else.
  const likelyCause = seen("fail") ?? failed ?? seen("warn") ?? null;
  const seconds = context.clock.now() - start;
  return {
    stack: context.stack,
    topics,
    exitCode: EXIT[seen("fail") !== undefined ? "refused" : failed !== undefined ? "outside" : "done"].code,
    likelyCause,
    symptoms,
    seconds,
  };
}

/** The diagnosis for a person: the likely cause first, with what it rests on and the next command. */
export function diagnosisText({ likelyCause, symptoms, topics, seconds, stack }: Diagnosis, paint: Paint): string {
  const others = symptoms.filter((symptom) => symptom !== likelyCause);
  const wrong = others.filter(({ status }) => status === "fail" || status === "warn");
  const fine = others.filter(({ status }) => status === "pass" || status === "skipped");
  return `${[
    ...section(
      paint.strong(likelyCause?.isBlind === true ? "Could not be checked" : "Likely cause"),
      likelyCause === null ? [] : [likelyCause],
      paint,
    ),
    ...section("Also wrong, possibly as a consequence", wrong, paint),
    ...section("Checked", fine, paint),
    "",
    `${verdict(likelyCause)} on ${stack} (${topics.join(", ")}), in ${duration(seconds)}.`,
  ].join("\n")}\n`;
}

function section(title: string, symptoms: readonly EndedCheck[], paint: Paint): string[] {
  return symptoms.length === 0 ? [] : ["", title, ...symptoms.flatMap((symptom) => findingLines(symptom, paint))];
}

function verdict(likelyCause: EndedCheck | null): string {
  if (likelyCause === null) return "No problem was found";
  if (likelyCause.isBlind === true) return "No problem was found, but not everything could be checked,";
  return likelyCause.status === "fail" ? "Something is wrong" : "Something deviates from normal";
}
