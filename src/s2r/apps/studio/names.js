// Names for the controls that Gradio leaves without one, for those who hear the page. Gradio makes
// elements again when a value changes, so the names are given again after each change.
const NAMES = [
  ["#at-rest button", "The speaker at rest, larger"],
  ["#video a[data-testid=download-link]", "Download the video"],
  ["#speech a[data-testid=download-link]", "Download the speech"],
  ["a[data-testid=download-link]", "Download"],
  ["#speech input[type=file]", "Choose a sound file"],
  ["#picture input[type=file]", "Choose pictures or a film of the speaker"],
  ["input[type=file]", "Choose a file"],
];

function nameControls() {
  for (const [selector, name] of NAMES) {
    for (const control of document.querySelectorAll(selector)) {
      if (!control.hasAttribute("aria-label")) control.setAttribute("aria-label", name);
    }
  }
}

new MutationObserver(nameControls).observe(document.documentElement, {childList: true, subtree: true});
