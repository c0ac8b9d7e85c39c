import { COLON, CR, HTAB, HttpSyntaxError, isFieldChar, isTokenChar, LF, SP } from './httpSyntax.ts';

/**
 * The header fields of one head, as offsets into its text, so that those passed on are copied as they came.
 * Strict: a line is `name ":" OWS value OWS CRLF` and nothing else; no bare LF or CR, no folding, no space before the colon.
 */
export class Fields {
  /** The head's text, latin1. */
  readonly text: string;
  /** Lower case, in the order received. */
  readonly names: string[] = [];
  readonly #lineStarts: number[] = [];
  readonly #valueStarts: number[] = [];
  readonly #valueEnds: number[] = [];

  /**
   * Reads the fields from `position` to the empty line, which must be the end of `text`.
   * @throws HttpSyntaxError 400
   */
  constructor(text: string, position: number) {
    this.text = text;
    for (;;) {
      if (text.charCodeAt(position) === CR) {
        if (text.charCodeAt(position + 1) !== LF || position + 2 !== text.length) throw malformedLine();
        this.#lineStarts.push(position);
        return;
      }
      const lineStart = position;
      while (isTokenChar[text.charCodeAt(position)]) position++;
      if (position === lineStart || text.charCodeAt(position) !== COLON)
        throw new HttpSyntaxError('a header line has no valid field name');
      this.names.push(text.slice(lineStart, position).toLowerCase());
      position++;
      while (text.charCodeAt(position) === SP || text.charCodeAt(position) === HTAB) position++;
      const valueStart = position;
      let valueEnd = position;
      for (let code = text.charCodeAt(position); isFieldChar[code]; code = text.charCodeAt(position)) {
        position++;
        if (code !== SP && code !== HTAB) valueEnd = position;
      }
      if (text.charCodeAt(position) !== CR || text.charCodeAt(position + 1) !== LF) throw malformedLine();
      position += 2;
      this.#lineStarts.push(lineStart);
      this.#valueStarts.push(valueStart);
      this.#valueEnds.push(valueEnd);
    }
  }

  /** The value of field number `index`, without white space around it. */
  value(index: number): string {
    return this.text.slice(this.#valueStarts[index], this.#valueEnds[index]);
  }

  /** The values of all fields called `name` (lower case), joined as RFC 9110 section 5.3 says; undefined without any. */
  get(name: string, separator = ', '): string | undefined {
    let joined: string | undefined;
    for (let index = 0; index < this.names.length; index++) {
      if (this.names[index] !== name) continue;
      joined = joined === undefined ? this.value(index) : joined + separator + this.value(index);
    }
    return joined;
  }

  /** The lines of all fields for which `keep` says so, each with its CRLF, unchanged. */
  lines(keep: (name: string, index: number) => boolean): string {
    let kept = '';
    let runStart = -1;
    for (let index = 0; index < this.names.length; index++) {
      const lineStart = this.#lineStarts[index] as number;
      if (keep(this.names[index] as string, index)) {
        if (runStart === -1) runStart = lineStart;
      } else if (runStart !== -1) {
        kept += this.text.slice(runStart, lineStart);
        runStart = -1;
      }
    }
    if (runStart !== -1) kept += this.text.slice(runStart, this.#lineStarts[this.names.length]);
    return kept;
  }
}

function malformedLine(): HttpSyntaxError {
  return new HttpSyntaxError('a header line holds a control character or does not end with CRLF');
}
