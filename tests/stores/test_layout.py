from cadent.schema.identity import Level
from cadent.stores.layout import level_folder, levels, log_folder


def test_levels_are_found_by_their_folders(tmp_path):
    found = [Level("default", 60), Level("default", 600), Level("default", 3600), Level("slow", 10)]
    for level in reversed(found):
        log_folder(tmp_path, level).mkdir(parents=True)
    (tmp_path / "names" / "backup").mkdir(parents=True)
    (tmp_path / "manifest").write_text("")
    (tmp_path / "slow" / "7").write_text("not a folder")
    assert list(levels(tmp_path)) == found
    assert level_folder(tmp_path, found[0]) == tmp_path / "default" / "60"
    assert list(levels(tmp_path / "elsewhere")) == []
