import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';

/** A document of 100 jobs with every field has about 2,000. */
const MAX_TOKENS = 4000;
/** Of brackets of any kind; the introspection query of GraphiQL has 15. */
const MAX_NESTING = 64;
/** UTF-16 units; WebSocket frames have the same limit in bytes. */
const MAX_LENGTH = 64 * 1024;
/** UTF-16 units of an alias or another name. Each error repeats the aliases that lead to its field, and may name its operation. */
const MAX_NAME_LENGTH = 256;

/**
 * Counts tokens and nesting without recursion, before anything that recurses reads the document.
 *
 * @throws GraphQLError for a document over a limit, and for a syntax error
 */
export function checkTokens(text: string): void {
  if (text.length > MAX_LENGTH) throw tooLarge(`longer than ${MAX_LENGTH.toLocaleString('en')} characters`);
  const lexer = new Lexer(new Source(text));
  let tokens = 0;
  let nesting = 0;
  while (lexer.advance().kind !== TokenKind.EOF) {
    if (++tokens > MAX_TOKENS) throw tooLarge(`of more than ${MAX_TOKENS.toLocaleString('en')} tokens`);
    if (lexer.token.kind === TokenKind.NAME && lexer.token.value.length > MAX_NAME_LENGTH) {
      throw tooLarge(`with a name of more than ${MAX_NAME_LENGTH} characters`);
    }
    if (OPENING.has(lexer.token.kind) && ++nesting > MAX_NESTING) {
      throw tooLarge(`nested more than ${MAX_NESTING} levels deep`);
    }
    if (CLOSING.has(lexer.token.kind)) nesting -= 1;
  }
}

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

function tooLarge(how: string): GraphQLError {
  return new GraphQLError(`The document is too large: it is ${how}.`, {
    extensions: { code: 'DOCUMENT_TOO_LARGE', http: { status: 400, spec: false } },
  });
}
