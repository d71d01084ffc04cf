(() => {
  "use strict";
  const box = document.getElementById("find");
  const rows = Array.from(document.querySelectorAll("#all-tests tbody tr"));
  if (!box) return;
  box.closest(".find").hidden = false;
  box.addEventListener("input", () => {
    const wanted = box.value.toLowerCase();
    for (const row of rows) row.classList.toggle("unfound", !row.textContent.toLowerCase().includes(wanted));
  });
})();
