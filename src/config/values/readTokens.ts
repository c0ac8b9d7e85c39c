import { type CST, Lexer, Parser } from 'yaml';

/** Characters in a settings file at most. Helm itself stores at most 1 MiB for a whole release. */
const longestText = 2 ** 20;
/** Pieces of YAML (keys, values, marks, blanks) in a settings file at most. The largest real files have some 5 000. */
const mostPieces = 250_000;
/** How deep settings may be nested. Real files go some 15 levels deep. */
export const deepestNesting = 100;

/**
 * The tokens of a text, or why it is too much to be read. Looks at it piece by piece before the parser does, in time that
 * grows with its length only: the time and stack of what comes after do not bear what somebody may write on purpose.
 */
export function readTokens(text: string): { tokens: CST.Token[] } | { excess: string } {
  if (text.length > longestText) return { excess: `The file is longer than ${longestText / 2 ** 20} MiB.` };
  const tooDeep = `The file is nested more than ${deepestNesting} levels deep.`;
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let pieces = 0;
  let openBrackets = 0;
  let marksInLine = 0;
  for (const piece of new Lexer().lex(text)) {
    pieces += 1;
    if (pieces > mostPieces) return { excess: `The file holds more than ${mostPieces} pieces of YAML.` };
    if (piece === '[' || piece === '{') openBrackets += 1;
    else if (piece === ']' || piece === '}') openBrackets -= 1;
    else if (piece.includes('\n')) marksInLine = 0;
    // "- - - a" nests within one line; so do anchors and tags pile up.
    else if (/^(?:[-?]|[&!].*)$/.test(piece)) marksInLine += 1;
    if (openBrackets > deepestNesting || marksInLine > deepestNesting) return { excess: tooDeep };
    for (const token of parser.next(piece)) tokens.push(token);
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens };
}
