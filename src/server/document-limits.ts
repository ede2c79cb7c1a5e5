import type { Plugin } from 'graphql-yoga';
import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';

/** A document of 100 jobs with every field has about 2,000. */
const MAX_TOKENS = 4000;
/** Of brackets of any kind; the introspection query of GraphiQL has 15. */
const MAX_NESTING = 64;
/** UTF-16 units; WebSocket frames have the same limit in bytes. */
const MAX_LENGTH = 64 * 1024;

const TOO_LARGE = 'DOCUMENT_TOO_LARGE';

/** Refuses documents that would cost much to parse, validate and keep, on every transport. */
export function useDocumentLimits(): Plugin {
  return {
    onParse({ params, parseFn, setParseFn }) {
      setParseFn((source, options) => {
        try {
          checkDocument(params.source.toString());
          return parseFn(source, options);
        } catch (error) {
          if (error instanceof GraphQLError) error.extensions['code'] ??= 'GRAPHQL_PARSE_FAILED';
          throw error;
        }
      });
    },
    onExecutionResult({ result }) {
      if (result === undefined || !('errors' in result)) return;
      // Yoga takes it for a syntax error, which clients of plain JSON are told with 200.
      for (const { extensions } of result.errors ?? [])
        if (extensions['code'] === TOO_LARGE) extensions['http'] = { status: 400 };
    },
  };
}

/**
 * Counts tokens and nesting without recursion, so that nothing that recurses ever sees a document that is too deep.
 *
 * @throws GraphQLError for what is over a limit, and for a syntax error
 */
function checkDocument(text: string): void {
  if (text.length > MAX_LENGTH) throw tooLarge(`longer than ${MAX_LENGTH.toLocaleString('en')} characters`);
  const lexer = new Lexer(new Source(text));
  let tokens = 0;
  let nesting = 0;
  while (lexer.advance().kind !== TokenKind.EOF) {
    if (++tokens > MAX_TOKENS) throw tooLarge(`of more than ${MAX_TOKENS.toLocaleString('en')} tokens`);
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
    extensions: { code: TOO_LARGE, http: { status: 400 } },
  });
}
