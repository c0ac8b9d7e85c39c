import { AtollError } from '../../core/errors.ts';
import { readBytes } from '../../identity/http/readBytes.ts';

/** The largest form, in bytes. */
const maximumFormBytes = 256 * 1024;

/**
 * The fields of a form that a browser sent; files are left out.
 * @throws AtollError `ATOLL_BODY_TOO_LARGE`, or `ATOLL_BAD_REQUEST` for a body that is no form.
 */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? '';
  const body = await readBytes(request, maximumFormBytes);
  if (body.length === 0) return new URLSearchParams();
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return new URLSearchParams(body.toString('utf8'));
  if (!/^multipart\/form-data\b/i.test(type))
    throw new AtollError('ATOLL_BAD_REQUEST', 'The body of the request is not a form.');
  try {
    const data = await new Response(new Uint8Array(body), { headers: { 'Content-Type': type } }).formData();
    const form = new URLSearchParams();
    data.forEach((value, name) => {
      if (typeof value === 'string') form.append(name, value);
    });
    return form;
  } catch (error) {
    throw new AtollError('ATOLL_BAD_REQUEST', 'The form is malformed.', { cause: error });
  }
}
