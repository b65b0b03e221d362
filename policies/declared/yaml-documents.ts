import { parseAllDocuments } from "yaml";

/** Line ends of YAML 1.1 that readers of 1.2 take for a part of the line. */
const OTHER_LINE_ENDS = /\r(?!\n)|[\u0085\u2028\u2029\ufeff]/;

/**
 * The documents of a YAML text, read as Kubernetes reads them (YAML 1.1) and without those that are empty; undefined
 * for a text that is broken or that two readers may read in two ways: keys given twice, aliases, other line ends.
 */
export function documentsIn(text: string): unknown[] | undefined {
  if (OTHER_LINE_ENDS.test(text)) return undefined;
  const documents = [...parseAllDocuments(text, { version: "1.1", uniqueKeys: true, stringKeys: true })];
  if (documents.some(({ errors, warnings }) => errors.length > 0 || warnings.length > 0)) return undefined;
  try {
    return documents.map((document): unknown => document.toJS({ maxAliasCount: 0 })).filter((one) => one !== null);
  } catch {
    return undefined;
  }
}
