import { getNamedType, type GraphQLSchema, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';

/**
 * Adds what the generator leaves out of the docstrings, for editors to show it: the descriptions of result fields, and the defaults of
 * input fields.
 */
export function withFieldDocs(text: string, schema: GraphQLSchema): string {
  return withDefaults(withNamedFragments(text), schema).replaceAll(
    /^export type (\w+?)(Fragment|Query|Mutation|Subscription) =([^]*?);$/gm,
    (_, name: string, kind: string, type: string) => {
      const root = kind === 'Fragment' ? name.replace(/Fields$/, '') : kind;
      return `export type ${name}${kind} =${documented(type, root, schema)};`;
    },
  );
}

/** Replaces copies of a fragment's type by its name. */
function withNamedFragments(text: string): string {
  const fragments = text.matchAll(/^export type (\w+Fragment) = (.*);$/gm);
  return [...fragments].reduce(
    (named, [, name = '', type = '']) =>
      named
        .replaceAll(type, name)
        .replace(`export type ${name} = ${name};`, `export type ${name} = ${type};`),
    text,
  );
}

function withDefaults(text: string, schema: GraphQLSchema): string {
  return text.replaceAll(/^export type (\w+) = \{$[^]*?^\};$/gm, (declaration, name: string) => {
    const type = schema.getType(name);
    if (!isInputObjectType(type)) return declaration;
    return declaration.replaceAll(/ \*\/\n +readonly (\w+)\?/g, (end: string, field: string) => {
      const value = type.getFields()[field]?.defaultValue;
      return value === undefined ? end : ` @default ${JSON.stringify(value)}${end}`;
    });
  });
}

/** @param root the name of the outermost type */
function documented(text: string, root: string, schema: GraphQLSchema): string {
  const types: string[] = [];
  let next = root;
  return text.replaceAll(
    /\{(?: readonly __typename: '(\w+)')?|\}| readonly (\w+):/g,
    (token: string, typename: string | undefined, field: string | undefined) => {
      if (token === '}') types.pop();
      else if (field === undefined) types.push(typename ?? next);
      else {
        const parent = types.at(-1) ?? '';
        const type = schema.getType(parent);
        const found = isObjectType(type) || isInterfaceType(type) ? type.getFields()[field] : undefined;
        if (found?.description == null) throw new Error(`The field ${parent}.${field} has no description.`);
        next = getNamedType(found.type).name;
        const indent = '  '.repeat(types.length);
        return `\n${indent}/** ${found.description.replaceAll(/\s+/g, ' ')} */\n${indent}${token.trim()}`;
      }
      return token;
    },
  );
}
