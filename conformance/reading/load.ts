import { readdirSync, readFileSync } from 'node:fs';
import { parse, print, separateOperations } from 'graphql';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { type Case, CaseFile } from './case.ts';

const FOLDER = new URL('../cases/', import.meta.url);
const DOCUMENTS = new URL('../documents.graphql', import.meta.url);

/**
 * Reads all cases, in the order of the files' names.
 *
 * @throws Error that names the file and each of its faults
 */
export function loadCases(folder: URL = FOLDER): readonly Case[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
  const cases = files
    .toSorted()
    .flatMap((file) => readCases(file, readFileSync(new URL(file, folder), 'utf8')));
  const ids = cases.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (twice.length > 0) throw new Error(`Two cases have the id ${twice.join(', ')}.`);
  return cases;
}

function readCases(file: string, text: string): Case[] {
  const read = CaseFile.safeParse(parseYaml(text));
  if (!read.success) throw new Error(`cases/${file}: ${z.prettifyError(read.error)}`);
  return read.data;
}

/** The operations of documents.graphql by their names, each a document of its own. */
export function loadOperations(): ReadonlyMap<string, string> {
  const document = parse(readFileSync(DOCUMENTS, 'utf8'));
  return new Map(Object.entries(separateOperations(document)).map(([name, own]) => [name, print(own)]));
}
