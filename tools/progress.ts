import type { Progress } from "./tool.ts";

/** A stream, or an output that makes safe what it writes and erases for itself. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
  eraseLine?(): void;
}

const LOG_SECONDS = 15;

/** Progress as lines on a stream: a terminal's last line counts the seconds; a log gets a line each 15 seconds. */
export function lineProgress(screen: Screen, now: () => number = () => Date.now() / 1000): Progress {
  const running = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  const erase = () => {
    if (!screen.isTTY) return;
    if (screen.eraseLine) screen.eraseLine();
    else screen.write("\r\u001b[K");
  };
  const tell = () => {
    const titles = [...running].map(([title, since]) => `${title}, ${seconds(now() - since)}`);
    erase();
    if (screen.isTTY) screen.write(titles.join("; ").slice(0, 79));
    else for (const title of titles) screen.write(`${title}\n`);
  };
  return {
    begin(title) {
      const since = now();
      running.set(title, since);
      timer ??= setInterval(tell, (screen.isTTY ? 1 : LOG_SECONDS) * 1000).unref();
      return {
        end(note) {
          running.delete(title);
          erase();
          screen.write(`${title}: ${note}, ${seconds(now() - since)}\n`);
          if (running.size === 0) timer = void clearInterval(timer);
        },
      };
    },
  };
}

function seconds(value: number): string {
  return value < 60 ? `${Math.round(value)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
}
