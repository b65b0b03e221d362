import { EXIT } from "../../shared/deploy-error.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText } from "../command.ts";

const DESCRIPTION = `Shows whether the stack meets the seventy controls that it is audited by.

Previews the stack's own config with its policies against a simulated AWS, and shows for each control
whether it is met, exempt or not applicable, where the program meets it, and which policy enforces it. A
policy whose tests would still pass if it were inverted is marked as not shown to bite (testBites under
--json). Then the stack's monthly list price, and what it does not include.

${exitCodesText({
  done: "every control is met, exempt or not applicable",
  refused: "a control is not met",
  usage: "usage or config",
  outside: "the preview could not be made",
})}

Examples:
  npx sparki controls
  npx sparki controls --stack staging
  npx sparki controls --json`;

/** `sparki controls`: the audit's table for one stack, from what its policies say of a preview. */
export const controls: Command = {
  name: "controls",
  summary: "where the audit's seventy controls are met, what enforces them, and the monthly price",
  description: DESCRIPTION,
  run: judgeControls,
};

async function judgeControls({ options, ports }: CommandInput): Promise<CommandResult> {
  const { rehearsedStack } = await import("../rehearse/live-before.ts");
  const stack = rehearsedStack(options.stack);
  const { openScreen } = await import("../report/screen.ts");
  const { controlsDocument, controlsText, previewStack } = await import("../controls/controls.ts");
  const screen = await openScreen(ports);
  const preview = await previewStack(stack, screen, ports);
  const document = controlsDocument(stack, preview, new Date(ports.clock.now() * 1000));
  ports.stderr.write(controlsText(document, screen.paint));
  const isClean = document.coverage.unmet === 0 && document.violations.length === 0;
  return { exitCode: (isClean ? EXIT.done : EXIT.refused).code, json: document };
}
