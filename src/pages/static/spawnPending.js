// Follows a server's start: moves the bar, lists the steps, counts the seconds, and goes on when it is over.
// Without this file the page loads itself again every two seconds instead.
const start = document.querySelector('[data-progress-url]');
const bar = start.querySelector('progress');
const steps = start.querySelector('ol');
const clock = start.querySelector('time');
const alreadySeconds = Number(start.dataset.elapsed);
const opened = performance.now();

setInterval(() => {
  const seconds = Math.floor(alreadySeconds + (performance.now() - opened) / 1000);
  clock.textContent = seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}, 1000);

const events = new EventSource(start.dataset.progressUrl);

events.addEventListener('message', ({ data }) => {
  const event = JSON.parse(data);
  if (event.ready) {
    events.close();
    location.replace(start.dataset.next);
  } else if (event.failed) {
    events.close();
    location.reload();
  } else {
    bar.value = Math.max(bar.value, event.progress);
    show(event.message);
  }
});

// A connection that breaks is opened again by the browser; one that is refused is not, and the page may know more.
events.addEventListener('error', () => {
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 2000);
});

// Giving up leads away by itself; the event that tells of it must not load this page again meanwhile.
start.querySelector('form').addEventListener('submit', () => events.close());

function show(message) {
  const known = [...steps.children].some((step) => step.textContent === message);
  if (known) return;
  const step = document.createElement('li');
  step.textContent = message;
  steps.append(step);
}
