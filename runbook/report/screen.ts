import { drawingOn, type Output, openOutput, type Stream } from "../../shared/text/output.ts";
import { coloured, terminalText } from "../../shared/text/visible.ts";
import type { Ports } from "../command.ts";
import { inColumns } from "./columns.ts";

/** Where live progress goes: finished lines stay, and at most one region below them is drawn again and again. */
export interface Screen {
  readonly width: number;
  /** Writes a line that stays, in 80 columns. */
  line(text: string): void;
  /** Shows what `draw` returns, several times a second on a terminal, until the function returned is called. */
  region(draw: () => readonly string[]): () => void;
  readonly paint: Paint;
}

/** Colours that are left out where nobody could see them. */
export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
}

const REDRAW_MILLISECONDS = 200;
const LOG_SECONDS = 15;
const WIDTH = 80;

/** A screen on stderr: a redrawn region on a terminal, plain lines elsewhere. */
export async function openScreen(ports: Pick<Ports, "env"> & { readonly stderr: Output | Stream }): Promise<Screen> {
  const stderr = openOutput(ports.stderr);
  if (!stderr.isTTY || ports.env.CI) return plainScreen(stderr);
  return terminalScreen(stderr, ports.env);
}

/** Lines without colour; a log cannot be redrawn, so a region is written out now and then. */
export function plainScreen(stream: Output | Stream): Screen {
  const output = openOutput(stream);
  const line = (text: string) => output.write(`${inColumns(text)}\n`);
  const region = (draw: () => readonly string[]) => {
    const timer = setInterval(() => line(cut(draw(), WIDTH)), LOG_SECONDS * 1000).unref();
    return () => clearInterval(timer);
  };
  return { width: WIDTH, paint: paintOf(false), line, region };
}

async function terminalScreen(output: Output, env: Ports["env"]): Promise<Screen> {
  const { createLogUpdate } = await import("log-update");
  const update = createLogUpdate(drawingOn(output), { showCursor: true });
  const width = Math.min(WIDTH, output.columns ?? WIDTH);
  let draw: (() => readonly string[]) | undefined;
  const redraw = () => (draw === undefined ? update.clear() : update(terminalText(cut(draw(), width))));
  return {
    width,
    paint: paintOf(!env.NO_COLOR && env.TERM !== "dumb"),
    line: (text) => {
      update.clear();
      output.write(`${inColumns(text)}\n`);
      redraw();
    },
    region: (drawing) => {
      draw = drawing;
      const timer = setInterval(redraw, REDRAW_MILLISECONDS).unref();
      redraw();
      return () => {
        clearInterval(timer);
        draw = undefined;
        update.clear();
      };
    },
  };
}

function cut(lines: readonly string[], width: number): string {
  return lines.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line)).join("\n");
}

function paintOf(isOn: boolean): Paint {
  const colour = (code: number) => (text: string) => (isOn ? coloured(code, text) : text);
  return { good: colour(32), bad: colour(31), dim: colour(2), strong: colour(1) };
}
