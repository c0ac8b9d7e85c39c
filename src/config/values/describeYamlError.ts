import type { YAMLError } from 'yaml';
import type { ErrorCode } from '../../core/errorTable.ts';

/** Our code and words for an error of the YAML parser. */
export function describeYamlError(error: YAMLError): { code: ErrorCode; message: string } {
  // The parser's messages may go on with the text that they found.
  const [beginning = ''] = error.message.split(/[:\n]/);
  return {
    code: codes[error.code] ?? 'ATOLL_SETTINGS_YAML',
    message: /^Flow (?:sequence|map) /.test(beginning)
      ? unclosed
      : (sentences[error.code] ?? `This is not valid YAML (${beginning.slice(0, 120)}).`),
  };
}

const codes: Partial<Record<YAMLError['code'], ErrorCode>> = {
  MULTIPLE_DOCS: 'ATOLL_SETTINGS_SEVERAL_DOCUMENTS',
  RESOURCE_EXHAUSTION: 'ATOLL_SETTINGS_TOO_LARGE',
};

/** The parser counts it as an error of indentation. */
const unclosed =
  'A list in brackets or a map in braces is not closed before this: a ] or } is missing, or these lines stand as far left as its key.';

/** Our words for the errors of the YAML parser that people meet most. */
const sentences: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'A tab is used for indentation; YAML takes blanks only.',
  BAD_INDENT: 'The indentation does not fit the lines above.',
  UNEXPECTED_TOKEN: 'This does not fit here: perhaps quotes are missing around a text, or a bracket is not closed.',
  KEY_OVER_1024_CHARS: 'A key is longer than 1024 characters: perhaps a line break after it is missing.',
  RESOURCE_EXHAUSTION: 'The file is nested too deeply here.',
  MULTIPLE_DOCS: 'A second YAML document begins here (---).',
  MISSING_CHAR: 'Something is missing here: a closing quote or bracket, a colon, a comma, or a blank after a colon.',
  MULTILINE_IMPLICIT_KEY: 'A key goes over several lines: the colon after it, or a closing quote, is missing.',
  BLOCK_AS_IMPLICIT_KEY:
    'A map begins in the middle of a line: put quotes around a text that holds ": ", or break the line.',
  BAD_SCALAR_START: 'A text cannot begin with this character: put it in quotes.',
  BAD_DQ_ESCAPE: 'A backslash in double quotes needs a valid escape after it: double it, or use single quotes.',
  TAG_RESOLVE_FAILED: 'A tag (!…) of this kind is not understood in settings.',
};
