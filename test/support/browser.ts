import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { type Browser, chromium } from "playwright-core";
import { which } from "../../tools/tool.ts";

const PACKED = join(import.meta.dirname, "..", "..", "node_modules", "@sparticuz", "chromium", "bin");
const ON_PATH = ["chromium", "chromium-browser", "google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A headless Chromium with nothing kept from before. */
export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

/** Starts the Chromium on PATH, or else the one that npm installed; throws when there is neither, and says what to do. */
export async function openBrowser(): Promise<TestBrowser> {
  const folder = mkdtempSync(join(tmpdir(), "sparki-browser-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const { executablePath, env } = installed() ?? unpacked(folder);
    const browser = await chromium.launch({
      executablePath,
      args: FLAGS,
      env: { HOME: folder, TMPDIR: folder, ...env },
    });
    const close = async () => {
      await browser.close();
      remove();
    };
    return { browser, close };
  } catch (error) {
    remove();
    throw error;
  }
}

interface Program {
  readonly executablePath: string;
  readonly env: Readonly<Record<string, string>>;
}

function installed(): Program | undefined {
  const executablePath = ON_PATH.map((name) => which(name, process.env)).find((path) => path !== undefined);
  return executablePath === undefined ? undefined : { executablePath, env: {} };
}

/** The package's Chromium for x86-64 Linux, with the libraries and a font that a bare machine has not. */
function unpacked(folder: string): Program {
  if (process.platform !== "linux" || process.arch !== "x64" || !existsSync(PACKED))
    throw new Error(
      `no browser to look at the reports with: none of ${ON_PATH.join(", ")} is on PATH, and @sparticuz/chromium is not installed or not for this machine. Run: npm ci, or install chromium`,
    );
  const executablePath = join(folder, "chromium");
  writeFileSync(executablePath, read("chromium.br"), { mode: 0o700 });
  for (const archive of ["al2023.tar.br", "fonts.tar.br"]) extract(read(archive), folder);
  const fonts = join(folder, "fonts");
  mkdirSync(fonts, { recursive: true });
  writeFileSync(
    join(fonts, "fonts.conf"),
    `<fontconfig><dir>${fonts}</dir><cachedir>${folder}/font-cache</cachedir></fontconfig>`,
  );
  return { executablePath, env: { LD_LIBRARY_PATH: join(folder, "lib"), FONTCONFIG_PATH: fonts } };
}

function read(name: string): Buffer {
  return brotliDecompressSync(readFileSync(join(PACKED, name)));
}

function extract(archive: Buffer, folder: string): void {
  const { status, stderr } = spawnSync("tar", ["-x", "-C", folder], { input: archive, encoding: "utf8" });
  if (status !== 0) throw new Error(`the browser's archive could not be unpacked: ${stderr}`);
}
