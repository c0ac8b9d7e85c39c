import { Lexer } from 'yaml';

/** Characters in a settings file at most. Helm itself stores at most 1 MiB for a whole release. */
const longestText = 2 ** 20;
/** Pieces of YAML (keys, values, marks, blanks) in a settings file at most. The largest real files have some 5 000. */
const mostPieces = 250_000;
/** How deep settings may be nested. Real files go some 15 levels deep. */
export const deepestNesting = 100;

/**
 * Why a text is too much to be parsed, or undefined. Looks at the text piece by piece, in time that grows with its length
 * only: the parser's own time and stack do not bear what somebody may write on purpose.
 */
export function findExcess(text: string): string | undefined {
  if (text.length > longestText) return `The file is longer than ${longestText / 2 ** 20} MiB.`;
  const tooDeep = `The file is nested more than ${deepestNesting} levels deep.`;
  let pieces = 0;
  let openBrackets = 0;
  let marksInLine = 0;
  for (const piece of new Lexer().lex(text)) {
    pieces += 1;
    if (pieces > mostPieces) return `The file holds more than ${mostPieces} pieces of YAML.`;
    if (piece === '[' || piece === '{') openBrackets += 1;
    else if (piece === ']' || piece === '}') openBrackets -= 1;
    else if (piece.includes('\n')) marksInLine = 0;
    // "- - - a" nests within one line; so do anchors and tags pile up.
    else if (/^(?:[-?]|[&!].*)$/.test(piece)) marksInLine += 1;
    if (openBrackets > deepestNesting || marksInLine > deepestNesting) return tooDeep;
  }
  return undefined;
}
