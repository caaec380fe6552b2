import mmap

from master_thesis.runtime import memory


def test_available_memory_is_the_smaller_of_machine_and_container(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available_memory() is None
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 8000 kB\n")
    assert memory.available_memory() == 8000 * 1024
    for name, text in (("max", "max"), ("current", "3000000\n"), ("stat", "anon 5\ninactive_file 500000\n")):
        (tmp_path / f"memory.{name}").write_text(text)
    assert memory.available_memory() == 8000 * 1024, "a container without a limit"
    for limit, left in ((4_000_000, 1_500_000), (2_000_000, 0), (900_000_000, 8000 * 1024)):
        (tmp_path / "memory.max").write_text(f"{limit}\n")
        assert memory.available_memory() == left


def test_used_memory_grows_with_what_is_written(monkeypatch, tmp_path):
    before = memory.used_memory()
    with mmap.mmap(-1, 40_000_000) as block:  # fresh pages, not what an earlier test has left
        block.write(b"x" * 40_000_000)
        assert 30_000_000 < memory.used_memory() - before < 90_000_000
    monkeypatch.setattr(memory, "STATM", tmp_path / "nowhere")
    assert memory.used_memory() == 0
