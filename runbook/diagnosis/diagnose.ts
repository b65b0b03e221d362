import { type Looked, lookSideBySide } from "../preflight/side-by-side.ts";
import type { Screen } from "../report/screen.ts";
import type { DiagnosisContext, Examination, Topic } from "./examination.ts";

/** What a diagnosis came to; also the document of `--json`. */
export interface Diagnosis {
  readonly stack: string;
  readonly topics: readonly Topic[];
  /** 4 when nothing wrong was seen, but something could not be looked at. */
  readonly exitCode: 0 | 1 | 4;
  /** The first wrong thing that nothing else that is wrong explains; null when nothing is wrong. */
  readonly likelyCause: Looked | null;
  /** Everything that was looked at, causes before what they cause. */
  readonly symptoms: readonly Looked[];
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
  const symptoms = await lookSideBySide("diagnosis", chosen, context, { screen, signal });
  const seen = (status: Looked["status"]) => symptoms.find((each) => each.status === status && each.isBlind !== true);
  const failed = symptoms.find(({ status }) => status === "fail");
  // What nobody could look at explains nothing, unless there is nothing else.
  const likelyCause = seen("fail") ?? failed ?? seen("warn") ?? null;
  const seconds = context.clock.now() - start;
  return {
    stack: context.stack,
    topics,
    exitCode: seen("fail") !== undefined ? 1 : failed !== undefined ? 4 : 0,
    likelyCause,
    symptoms,
    seconds,
  };
}
