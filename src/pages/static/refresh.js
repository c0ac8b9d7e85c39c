// Keeps a page up to date while something on it is under way: fetches it again and puts the new content in the place of the
// old, with the focus where it was. Without this file the browser loads the whole page again instead.
let main = document.querySelector('main');
plan();

/** While the content says so, it is fetched again. */
function plan() {
  const seconds = Number(main.dataset.refresh);
  if (seconds > 0) setTimeout(keepUpToDate, seconds * 1000);
}

async function keepUpToDate() {
  try {
    if (!document.hidden && !isBeingFilledIn()) await refresh();
  } catch {
    // The hub is away for a moment.
  }
  plan();
}

async function refresh() {
  const answer = await fetch(location.href, {
    // The hub hands a page to a script only with the token that it gave the page.
    headers: { 'X-XSRFToken': main.dataset.xsrf, Accept: 'text/html' },
    // The browser itself goes elsewhere: a server that is ready signs in only those who come to look at it.
    redirect: 'manual',
  });
  if (!answer.ok) return location.reload();
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.querySelector('main');
  const focused = main.contains(document.activeElement) ? identityOf(document.activeElement) : undefined;
  const opened = [...main.querySelectorAll('details')].map(({ open }) => open);
  main.replaceWith(fresh);
  main = fresh;
  document.title = page.title;
  for (const [index, details] of [...main.querySelectorAll('details')].entries()) details.open = opened[index] ?? false;
  if (focused !== undefined) {
    const same = [...main.querySelectorAll('a, button, input, select, textarea, summary')].find(
      (element) => identityOf(element) === focused,
    );
    same?.focus({ preventScroll: true });
  }
}

function isBeingFilledIn() {
  return [...main.querySelectorAll('input[type=text], textarea')].some(
    (field) => field === document.activeElement || field.value !== field.defaultValue,
  );
}

/** What tells a control apart from the others of the page. */
function identityOf(element) {
  const { id, name, value, href, form } = element;
  return [element.tagName, id, name, value, href, form?.action, element.getAttribute('aria-label')].join('\n');
}
