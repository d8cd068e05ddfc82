// The alarm for a red alert that nobody has: three rising tones. Browsers allow sound only after the page was touched.
let context: AudioContext | null = null;
let on = localStorage.getItem("sound") !== "off";

export const soundIsOn = () => on;
export const soundIsBlocked = () => on && context?.state !== "running";
export function setSound(next: boolean) {
  on = next;
  localStorage.setItem("sound", next ? "on" : "off");
}
/** From a click or key: from here on sound is allowed. */
export async function allowSound(): Promise<void> {
  context ??= new AudioContext();
  if (context.state !== "running") await context.resume();
}
export function soundAlarm() {
  if (!on || !context || context.state !== "running") return;
  const from = context.currentTime;
  [660, 880, 1175].forEach((frequency, i) => {
    const tone = context!.createOscillator(), volume = context!.createGain(), at = from + i * 0.22;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.35, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
    tone.connect(volume).connect(context!.destination);
    tone.start(at);
    tone.stop(at + 0.21);
  });
}
