// Undo: the calls that lead from a basket back to the one before it. Worked out here, made elsewhere.

/** The calls that turn basket `now` back into `old`; null when nothing changed that can be undone. */
export function stepsBack(old, now, next, lastReceipt) {
  const steps = [];
  if (old.id && !now.id && (next.held || []).some((each) => each.id === old.id)) return [["POST", "/sale/resume", { sale: old.id }]];
  if (old.state === "idle" && now.state === "idle") return null;
  if (next.last_receipt !== lastReceipt) return [];
  if (old.id && now.id && old.id !== now.id) return [];
  const was = new Map(old.quote.lines.map((line) => [line.n, line]));
  const is = new Map(now.quote.lines.map((line) => [line.n, line]));
  for (const n of is.keys()) if (!was.has(n)) steps.push(["DELETE", `/sale/lines/${n}`, {}]);
  for (const [n, line] of was) {
    const own = line.unit_price === line.shelf_price && line.code ? {} : { unit_price: line.unit_price };
    const again = line.code ? { code: line.code } : { name: line.name };
    if (!is.has(n)) steps.push(["POST", "/sale/lines", { ...again, quantity: line.quantity, ...own }]);
    else if (is.get(n).quantity !== line.quantity || is.get(n).unit_price !== line.unit_price)
      steps.push(["PATCH", `/sale/lines/${n}`, { quantity: line.quantity, ...(is.get(n).unit_price !== line.unit_price ? { unit_price: line.unit_price } : {}) }]);
  }
  const [before, after] = [old.member && old.member.account, now.member && now.member.account];
  if (before !== after) steps.push(before ? ["POST", "/sale/member", { member: before }] : ["DELETE", "/sale/member", {}]);
  return steps.length ? steps : null;
}
