// The time line under the video: `element` is its root, `props.value` the sound it shows.
const PIXELS_PER_SECOND = 150;
const FRAME_RATE = 50;
const part = (selector) => element.querySelector(selector);
let seconds = 1;
let followed = null; // the video element whose time is shown; Gradio makes a new element for each video

function draw() {
  const sound = props.value;
  part(".player").hidden = !sound;
  if (!sound) return;
  seconds = sound.seconds;
  part("img").src = sound.picture;
  part(".track").style.width = `${Math.ceil(seconds * PIXELS_PER_SECOND)}px`;
  const step = seconds <= 20 ? 0.5 : 1;
  part(".ticks").replaceChildren();
  for (let time = 0; time < seconds - 0.2; time += step) {
    const tick = document.createElement("span");
    tick.textContent = time === 0 ? "0 s" : `${time}`;
    tick.style.left = `${(100 * time) / seconds}%`;
    part(".ticks").append(tick);
  }
  place(0);
}

function place(time) {
  const view = part(".scroll");
  const x = Math.min(time / seconds, 1) * part(".track").clientWidth;
  part(".cursor").style.left = `${x}px`;
  part("[data-time]").textContent = `${time.toFixed(2)} s`;
  if (x < view.scrollLeft || x > view.scrollLeft + view.clientWidth) {
    view.scrollLeft = x - view.clientWidth / 10;
  }
}

// The time of the frame on the screen, where the browser gives it.
function follow(video) {
  if (video !== followed) return;
  if (video.requestVideoFrameCallback) {
    video.requestVideoFrameCallback((_, picture) => {
      place(picture.mediaTime);
      follow(video);
    });
  } else {
    place(video.currentTime);
    requestAnimationFrame(() => follow(video));
  }
}

const shown = () => document.querySelector("#video video");
const labelButton = () => { part("[data-play]").textContent = shown()?.paused === false ? "Pause" : "Play"; };
const setSpeed = () => { if (shown()) shown().playbackRate = Number(part("[data-speed]").value); };

// Media events do not bubble, but the document can capture them.
document.addEventListener("loadedmetadata", (event) => {
  if (event.target !== shown()) return;
  setSpeed();
  labelButton();
  if (followed === shown()) return;
  followed = shown();
  follow(followed);
}, true);
for (const event of ["play", "pause", "ended"]) document.addEventListener(event, labelButton, true);

element.addEventListener("click", (event) => {
  const video = shown();
  const button = event.target.closest("button");
  const track = event.target.closest(".track");
  if (!video) return;
  if (button?.dataset.step) {
    video.pause();
    // To the middle of the frame, so that rounding cannot show the next one.
    const frame = Math.floor(video.currentTime * FRAME_RATE) + Number(button.dataset.step);
    video.currentTime = Math.max(0, (frame + 0.5) / FRAME_RATE);
  } else if (button) {
    if (video.paused) video.play();
    else video.pause();
  } else if (track) {
    const box = track.getBoundingClientRect();
    video.currentTime = ((event.clientX - box.left) / box.width) * seconds;
  }
});
element.addEventListener("change", setSpeed);
watch("value", draw);
draw();
