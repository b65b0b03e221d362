import { existsSync, realpathSync } from "node:fs";
import * as modules from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Loaded before all else by each process of a sealed run, and so with no types to take off: modules come from its copy
 * and its installed dependencies alone. Node would look for a package that is not there in every folder above, and in
 * the user's home: whoever puts one there that some package asks for without needing it would run code in an approved
 * deployment. What is no program of the copy, such as a provider's plugin that brings a Node of its own, is sealed by the
 * digest of its file, and loads its own.
 */
const PROJECT = join(import.meta.dirname, "..", "..");
const OWN = [PROJECT, realpathSync(join(PROJECT, "node_modules"))].map((folder) => `${pathToFileURL(folder).href}/`);

const isOwn = (url) => OWN.some((folder) => url.startsWith(folder));

const [, program] = process.argv;
// A program that is not there is none of Node's: its own loader says so.
const isOwnProgram =
  program === undefined || !existsSync(program) || isOwn(pathToFileURL(realpathSync(program)).href);

if (isOwnProgram)
  modules.registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      if (found.url.startsWith("node:") || isOwn(found.url)) return found;
      const code = context.conditions.includes("require") ? "MODULE_NOT_FOUND" : "ERR_MODULE_NOT_FOUND";
      throw Object.assign(new Error(`${specifier} would be ${found.url}, which is not sealed`), { code });
    },
  });
