// The filter of the fleet's table: rows that hold all the words, in a name or a state, stay. Nothing else needs this.
(() => {
  const box = document.getElementById("filter");
  if (!box) return;
  const told = document.getElementById("filtered");
  const groups = [...document.querySelectorAll(".matrix tbody")];
  const rows = [...document.querySelectorAll(".matrix tbody tr:not(.group)")];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    rows.forEach((row, i) => { row.hidden = !words.every((word) => texts[i].includes(word)); });
    groups.forEach((group) => { group.hidden = !group.querySelector("tr:not(.group):not([hidden])"); });
    const left = rows.filter((row) => !row.hidden).length;
    told.textContent = words.length ? `${left} of ${rows.length}` : "";
  });
  box.closest("p").hidden = false;
})();
