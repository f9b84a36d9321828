"""Is a link that we did not make refused, and is the key made once and kept to ourselves?"""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afterword.kit.signing import Signer, load_or_make_key

KEY = "k" * 43
SIGNER = Signer(KEY)
URL_SAFE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
SIGNED = SIGNER.sign("answer", 12_345)


class TestSigner:
    @given(st.integers(0, 2**63 - 1))
    @settings(max_examples=50)
    def test_reads_what_it_signed(self, value: int) -> None:
        text = SIGNER.sign("answer", value)
        assert SIGNER.read("answer", text) == value
        assert set(text) <= URL_SAFE

    def test_signs_the_same_value_the_same_way_after_a_restart(self) -> None:
        assert Signer(KEY).sign("answer", 12_345) == SIGNED

    @pytest.mark.parametrize("purpose", ["unsubscribe", "Answer", "answer ", "", "answe"])
    def test_a_link_of_one_purpose_is_useless_for_another(self, purpose: str) -> None:
        assert SIGNER.read(purpose, SIGNED) is None

    @pytest.mark.parametrize("key", ["k" * 42, "k" * 44, "K" * 43, "other"])
    def test_a_link_made_with_another_key_is_refused(self, key: str) -> None:
        assert Signer(key).read("answer", SIGNED) is None

    def test_the_value_cannot_be_exchanged(self) -> None:
        other = SIGNER.sign("answer", 12_346)
        assert SIGNER.read("answer", other.split(".")[0] + "." + SIGNED.split(".")[1]) is None

    @pytest.mark.parametrize("position", range(len(SIGNED)))
    def test_every_changed_character_is_noticed(self, position: int) -> None:
        # The last character of base64 may hold bits that mean nothing; every other one counts.
        for other in "A0_-.x" if position < len(SIGNED) - 1 else ".%":
            changed = SIGNED[:position] + other + SIGNED[position + 1 :]
            assert changed == SIGNED or SIGNER.read("answer", changed) is None

    @pytest.mark.parametrize(
        "text", ["", ".", "..", "1", "12345", SIGNED[:-1], SIGNED + "x", "é.é", "\x00", "a" * 10_000]
    )
    def test_anything_else_is_refused(self, text: str) -> None:
        assert SIGNER.read("answer", text) is None

    @given(st.text())
    @settings(max_examples=100)
    def test_no_text_causes_an_error(self, text: str) -> None:
        assert SIGNER.read("answer", text) is None

    @pytest.mark.parametrize("value", ["5", True, None, [5], 5.0], ids=repr)
    def test_only_whole_numbers_come_back(self, value: object) -> None:
        assert SIGNER.read("answer", SIGNER.sign("answer", value)) is None  # type: ignore[arg-type]


class TestMarkedNumbers:
    MARKED = SIGNER.sign_marked("answer", 7, "q3x8")

    @given(st.integers(0, 2**63 - 1), st.text(max_size=30))
    @settings(max_examples=50)
    def test_are_read_as_they_were_signed(self, number: int, mark: str) -> None:
        text = SIGNER.sign_marked("answer", number, mark)
        assert SIGNER.read_marked("answer", text) == (number, mark)
        assert set(text) <= URL_SAFE

    @pytest.mark.parametrize("text", ["", SIGNED, MARKED[:-1], "x" + MARKED, "\x00"])
    def test_anything_else_is_refused(self, text: str) -> None:
        assert SIGNER.read_marked("answer", text) is None

    def test_are_of_one_purpose_and_one_key(self) -> None:
        assert SIGNER.read_marked("person", self.MARKED) is None
        assert Signer("other").read_marked("answer", self.MARKED) is None

    def test_are_no_plain_numbers(self) -> None:
        assert SIGNER.read("answer", self.MARKED) is None


class TestKeyFile:
    def test_is_made_once_and_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "signing.key"
        key = load_or_make_key(path)
        assert len(key) >= 32
        assert load_or_make_key(path) == key
        assert [file.name for file in tmp_path.iterdir()] == ["signing.key"]

    def test_can_be_read_by_its_owner_only(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            load_or_make_key(tmp_path / "signing.key")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "signing.key").stat().st_mode) == 0o600

    def test_differs_from_installation_to_installation(self, tmp_path: Path) -> None:
        assert load_or_make_key(tmp_path / "one.key") != load_or_make_key(tmp_path / "other.key")

    def test_may_be_an_operators_own_with_a_line_break_at_its_end(self, tmp_path: Path) -> None:
        path = tmp_path / "signing.key"
        path.write_text("an operator's own key, kept elsewhere\n")
        assert load_or_make_key(path) == "an operator's own key, kept elsewhere"

    @pytest.mark.parametrize("content", ["", "\n", "  \n"], ids=repr)
    def test_an_empty_one_is_refused_and_left_alone(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "signing.key"
        path.write_text(content)
        with pytest.raises(ValueError, match=r"signing\.key is empty"):
            load_or_make_key(path)
        assert path.read_text() == content

    def test_a_draft_left_by_a_process_that_died_does_not_stand_in_the_way(self, tmp_path: Path) -> None:
        """In a container the process that starts next has the same number."""
        (tmp_path / f"signing.key.{os.getpid()}").write_text("half a ke")
        key = load_or_make_key(tmp_path / "signing.key")
        assert len(key) >= 32
        assert load_or_make_key(tmp_path / "signing.key") == key

    def test_processes_that_start_at_once_agree(self, tmp_path: Path) -> None:
        path, go = tmp_path / "signing.key", tmp_path / "go"
        racer = (
            "import sys, pathlib; from afterword.kit.signing import load_or_make_key\n"
            "print('ready', flush=True)\n"
            "while not pathlib.Path(sys.argv[2]).exists(): pass\n"
            "print(load_or_make_key(pathlib.Path(sys.argv[1])))"
        )
        racers = [
            subprocess.Popen(
                [sys.executable, "-c", racer, str(path), str(go)], stdout=subprocess.PIPE, text=True
            )
            for _ in range(4)
        ]
        try:
            for process in racers:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
            go.touch()
            keys = {process.communicate(timeout=30)[0].strip() for process in racers}
        finally:
            for process in racers:
                process.kill()
                process.wait()
        assert keys == {path.read_text()}
        assert all(process.returncode == 0 for process in racers)
        assert {file.name for file in tmp_path.iterdir()} == {"signing.key", "go"}

    def test_whoever_comes_second_takes_the_first_ones_key(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "signing.key"
        link = os.link

        def link_too_late(draft: Path, target: Path) -> None:
            path.write_text("the key of whoever was first")
            link(draft, target)

        monkeypatch.setattr(os, "link", link_too_late)
        assert load_or_make_key(path) == "the key of whoever was first"
        assert [file.name for file in tmp_path.iterdir()] == ["signing.key"]
