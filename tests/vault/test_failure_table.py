"""Failures that must be handled, each with its tests: none of these may be lost.

The rows are those of the design (evidence, E6). A test is named `file::name`, as pytest does.

| Case | Behaviour |
|---|---|
| power cut, kill -9 mid-ingest | no entry without its object; orphans are swept; it goes on |
| lost rename, torn pack | a pack is valid only if its name matches its bytes |
| bit rot | keyless scrub, anomaly, never silently |
| old backup restored | refuse to sign behind the locked head |
| clock skew or step back | order by number, the jump is an entry, no seal beyond tolerance |
| time-stamp authority down, slow, lying | intake goes on, alarm, answers kept as evidence |
| its certificate expired later | judged at the stated time; renewed before |
| unsorted SET in a token | a sorted copy is read, the bytes are kept |
| disk full | clean refusal, reads and ledger still work |
| concurrent writers, same bytes | one object, a custody each |
| huge file, zip bomb, nested archives | flat memory, limits, own overlap check |
| symlink, traversal, special files, odd names | regular files only, our own names |
| headers that differ, duplicate or unlisted entries | the package is refused |
| malicious media | sandbox with limits; never blocks intake |
| key loss, wrong key | a clear error; a stand-alone script recovers |
| one ciphertext, two plaintexts | key commitment, and the plain digest in the ledger |
| insider edits database | found by what follows from the bodies, and by older heads |
| erasure demanded under hold | refused and recorded; proofs survive the erasure |
| unknown or future suite version | refused, never guessed |
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ROWS: dict[str, tuple[str, ...]] = {
    "power cut, kill -9 mid-ingest": (
        "evidence/test_faults.py::test_kill_9_at_any_moment_loses_nothing_told_and_leaves_no_row"
        "_without_its_bytes",
        "faults/test_pages.py::test_what_the_node_acknowledged_is_there_once_after_kill_9",
        "vault/test_vault.py::test_a_sweep_removes_what_a_stopped_ingest_left_and_nothing_else",
        "evidence/test_command.py::test_a_stopped_intake_goes_on_and_doubles_nothing",
        "vault/test_apart.py::test_a_helper_that_is_killed_costs_nothing",
        "vault/test_apart.py::test_one_that_is_killed_before_it_has_sealed_costs_nothing",
        "vault/test_apart.py::test_the_helper_ends_with_the_process_that_started_it",
    ),
    "lost rename, torn pack": (
        "core/test_vaultfile.py::test_a_cut_file_is_refused",
        "vault/test_packs.py::test_a_changed_byte_is_found_and_harms_one_file",
        "evidence/test_packages.py::test_a_damaged_pack_makes_no_package_and_is_an_anomaly",
    ),
    "bit rot": (
        "vault/test_storage.py::test_a_flipped_bit_anywhere_is_seen_with_and_without_keys",
        "vault/test_vault.py::test_a_scrub_records_each_damage_once",
        "vault/test_packs.py::test_a_scrub_names_the_damaged_files_of_a_pack_and_spares_the_others",
        "evidence/test_items.py::test_damage_names_the_item_and_is_an_anomaly",
        "vault/test_replicas.py::test_the_scrub_repairs_from_the_replica_and_never_silently",
        "vault/test_replicas.py::test_a_spoilt_replica_repairs_nothing",
        "vault/test_replicas.py::test_sha256sum_checks_a_replica_without_keys_and_the_scrub_mends_it",
    ),
    "clock skew or step back": (
        "ledger/test_clock.py::test_a_clock_that_steps_back_is_recorded_once_and_the_order_stays",
        "ledger/test_clock.py::test_nothing_is_sealed_behind_the_recorded_time",
        "ledger/test_clock.py::test_trusted_time_decides_before_our_own",
        "evidence/test_packages.py::test_nothing_is_sealed_while_the_clock_cannot_be_right",
    ),
    "time-stamp authority down, slow, lying": (
        "ledger/test_time.py::test_the_next_one_stands_in_for_one_that_is_silent",
        "ledger/test_time.py::test_a_slow_authority_does_not_hold_up_the_others",
        "ledger/test_time.py::test_a_lying_authority_is_kept_as_evidence_and_another_one_stamps",
        "ledger/test_time.py::test_a_stamp_under_another_policy_is_not_accepted",
        "ledger/test_time.py::test_what_waits_too_long_is_said_where_it_is_seen",
        "core/test_timestamps.py::test_a_lying_authority_is_refused",
        "core/test_timestamps.py::test_a_certificate_that_may_do_more_than_stamp_is_refused",
        "core/test_timestamps.py::test_an_unknown_authority_is_refused_and_yet_read",
        "evidence/test_packages.py::test_a_package_is_made_though_no_authority_answers",
    ),
    "its certificate expired later": (
        "core/test_timestamps.py::test_a_stamp_stays_good_after_its_authority_has_expired",
        "core/test_package.py::test_a_token_that_was_renewed_in_time_outlives_its_certificate",
        "ledger/test_time.py::test_tokens_are_renewed_before_their_certificates_end",
        "ledger/test_time.py::test_what_is_renewed_in_time_is_kept_and_what_is_late_is_not",
    ),
    "unsorted SET in a token": (
        "core/test_timestamps.py::test_an_unsorted_certificate_set_is_no_obstacle",
        "ledger/test_time.py::test_an_unsorted_set_in_a_token_is_read_and_kept_as_it_came",
    ),
    "disk full": (
        "evidence/test_faults.py::test_a_disk_that_fills_up_leaves_no_item_and_everything_else"
        "_works",
        "vault/test_packs.py::test_a_full_disk_leaves_nothing",
        "evidence/test_packages.py::test_a_disk_that_fills_while_a_package_is_written_refuses_it",
        "evidence/test_packages.py::test_damage_and_a_full_disk_stop_an_encrypted_package",
    ),
    "concurrent writers, same bytes": (
        "evidence/test_faults.py::test_sixteen_ingests_of_the_same_bytes_are_one_object_and"
        "_sixteen_custodies",
        "vault/test_packs_at_once.py::test_sixteen_writers_of_the_same_bytes_in_other_orders_keep"
        "_them_once",
        "ledger/test_ledger.py::test_many_writers_and_two_sequencers_number_every_entry_once",
    ),
    "huge file, zip bomb, nested archives": (
        "vault/test_storage.py::test_memory_does_not_grow_with_the_file",
        "core/test_container.py::test_a_container_of_five_gigabytes",
        "core/test_container.py::test_overlapping_entries_are_refused",
        "core/test_container.py::test_compressed_entries_are_refused",
        "core/test_container.py::test_a_directory_that_claims_far_more_than_there_is_costs_nothing",
        "core/test_archives.py::test_entries_that_share_bytes_are_a_bomb",
        "core/test_archives.py::test_limits_hold_before_anything_is_unpacked",
        "evidence/test_archives.py::test_a_bomb_or_noise_is_refused_whole_with_an_entry",
        "evidence/test_archives.py::test_an_archive_in_archives_is_taken_apart_five_deep",
    ),
    "symlink, traversal, special files, odd names": (
        "vault/test_storage.py::test_a_link_a_folder_and_a_pipe_are_not_opened",
        "vault/test_storage.py::test_only_our_own_names_reach_the_disk",
        "evidence/test_command.py::test_links_pipes_and_missing_files_are_refused_and_the_rest"
        "_taken",
        "evidence/test_command.py::test_a_name_that_is_not_utf_8_is_kept",
        "core/test_container.py::test_a_traversal_in_the_directory_is_refused",
    ),
    "headers that differ, duplicate or unlisted entries": (
        "core/test_container.py::test_a_local_header_that_differs_from_the_directory_is_refused",
        "core/test_container.py::test_a_duplicate_entry_is_refused",
        "core/test_container.py::test_an_unlisted_entry_is_refused",
        "core/test_package.py::test_any_changed_byte_of_a_golden_package_lowers_its_verdict",
    ),
    "key loss, wrong key": (
        "core/test_vaultfile.py::test_another_key_or_context_is_named_as_such",
        "core/test_vaultfile.py::test_the_rescue_script_opens_a_file_without_us",
        "evidence/test_recovery.py::test_every_file_comes_back_as_it_was",
        "vault/test_escrow.py::test_the_drill_passes_with_this_nodes_keys_and_is_recorded",
        "evidence/test_packages.py::test_another_key_does_not_open_it",
    ),
    "one ciphertext, two plaintexts": (
        "core/test_vaultfile.py::test_an_authentic_file_that_is_not_the_recorded_one_is_refused",
        "core/test_vaultfile.py::test_published_files_open_or_are_refused",
    ),
    "insider edits database": (
        "ledger/test_ledger.py::test_an_insider_who_edits_a_table_is_found_out",
        "ledger/test_examining.py::test_each_damage_is_found_where_it_is",
        "ledger/test_time.py::test_a_renewal_that_was_changed_is_found",
        "evidence/test_custody.py::test_a_changed_field_is_seen_on_the_page_and_by_the_command",
        "evidence/test_custody.py::test_a_removed_record_is_seen",
        "evidence/test_custody.py::test_whoever_changes_record_and_details_together_is_seen",
        "evidence/test_protected_rows.py::test_an_insider_who_edits_a_row_is_found_out",
        "evidence/test_protected_rows.py::test_a_row_that_is_added_is_found_out",
        "evidence/test_protected_rows.py::test_a_team_that_is_given_an_item_past_the_ledger_is"
        "_found_out",
        "evidence/test_protected_rows.py::test_an_item_whose_rows_are_all_gone_is_found_out",
        "evidence/test_protected_rows.py::test_verify_ledger_says_it_too_and_so_does_the_page",
        "evidence/test_protected_rows.py::test_details_that_were_changed_with_the_row_are_found_out",
    ),
    "unknown or future suite version": (
        "core/test_package.py::test_a_future_format_is_unverifiable_and_not_guessed",
        "core/test_package.py::test_a_description_of_a_later_form_stays_a_doubt",
        "core/test_descriptor.py::test_keys_of_a_suite_from_the_future_are_kept_and_not_used",
    ),
    "old backup restored": (
        "ledger/test_heads.py::test_nothing_is_signed_over_another_head",
        "ledger/test_heads.py::test_two_officers_open_a_new_epoch_and_the_old_head_stands_in_the"
        "_ledger",
        "ledger/test_heads.py::test_an_old_copy_of_a_node_is_noticed",
        "evidence/test_keeping.py::test_an_old_database_brings_no_key_back",
    ),
    "malicious media": (
        "evidence/test_sandbox.py::test_the_world_of_a_tool_has_no_network_no_node_and_nothing_to"
        "_write_to",
        "evidence/test_sandbox.py::test_a_bomb_of_processes_is_stopped_by_the_limit",
        "evidence/test_sandbox.py::test_memory_time_answer_and_folder_have_limits",
        "evidence/test_sandbox.py::test_tools_that_make_copies_are_held_in_too",
        "evidence/test_examining.py::test_malformed_files_are_taken_in_and_only_the_look_fails",
        "evidence/test_examining.py::test_a_picture_that_unpacks_to_very_much_is_refused_by_the"
        "_limits",
    ),
    "erasure demanded under hold": (
        "evidence/test_keeping.py::test_a_hold_forbids_to_order_and_to_carry_out_and_both_attempts"
        "_are_kept",
        "evidence/test_keeping.py::test_who_ordered_it_does_not_carry_it_out",
        "evidence/test_keeping.py::test_erasing_destroys_key_and_object_and_the_ledger_still_holds",
        "evidence/test_keeping.py::test_what_tools_drew_and_read_goes_with_the_item",
    ),
}


@cache
def _names(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", ROWS)
def test_each_failure_has_its_tests(row: str) -> None:
    assert ROWS[row]
    for named in ROWS[row]:
        file, _, name = named.partition("::")
        assert name in _names(file), named


def test_every_row_of_the_table_is_listed_once() -> None:
    lines = [line for line in (__doc__ or "").splitlines() if line.startswith("| ")]
    stated = [line.split("|")[1].strip() for line in lines[1:]]
    assert sorted(stated) == sorted(ROWS)
