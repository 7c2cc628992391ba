// Short sounds beside the result bar; what they say is always written there too.

const TONES = { good: [[1320, 0, 0.07]], warn: [[880, 0, 0.09], [880, 0.14, 0.09]], bad: [[220, 0, 0.28], [185, 0.1, 0.3]] };
let context = null;

export const isMute = () => localStorage.getItem("mute") === "1";
export const setMute = (mute) => localStorage.setItem("mute", mute ? "1" : "0");

export function beep(level) {
  if (isMute() || !navigator.userActivation || !navigator.userActivation.hasBeenActive) return;
  context ||= new AudioContext();
  const now = context.currentTime;
  for (const [hertz, start, length] of TONES[level] || []) {
    const tone = new OscillatorNode(context, { frequency: hertz, type: level === "bad" ? "square" : "sine" });
    const volume = new GainNode(context, { gain: 0 });
    volume.gain.setValueAtTime(level === "bad" ? 0.06 : 0.12, now + start);
    volume.gain.exponentialRampToValueAtTime(0.001, now + start + length);
    tone.connect(volume).connect(context.destination);
    tone.start(now + start);
    tone.stop(now + start + length);
  }
}
