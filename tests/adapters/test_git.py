"""What Git ignores, and by which rule."""

from gallop.adapters import git


def test_the_rule_and_its_place_are_named(tmp_path):
    assert not git.is_inside(tmp_path)
    assert git.start(tmp_path)
    assert git.is_inside(tmp_path)
    (tmp_path / ".gitignore").write_text("# comment\n*.lock\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/.gitignore").write_text("/raw\n!kept.csv\n")
    paths = [tmp_path / name for name in ("dvc.lock", "data/raw/leads.csv", "data/kept.csv", "params.yaml")]
    assert git.ignored_by(tmp_path, paths) == {
        paths[0]: "`*.lock` in line 2 of .gitignore",
        paths[1]: "`/raw` in line 1 of data/.gitignore",
    }


def test_what_helps_is_one_sentence_a_rule(tmp_path):
    rules = {tmp_path / "a.dvc": "`*` in line 1 of .gitignore", tmp_path / "b.lock": "`*` in line 1 of .gitignore"}
    assert git.remedy(rules).startswith("`*` in line 1 of .gitignore makes Git ignore a.dvc, b.lock. Take the rule out")
    assert git.remedy({}) == ""
