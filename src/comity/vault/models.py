"""What the vault keeps: each different file with its wrapped key and last check; what arrives."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db import models
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core import tus
from comity.core.access import Actor
from comity.vault.storage import Section


class Copied(models.Model):
    """An object that lies elsewhere too, or instead, once its bytes there are its name's.

    replicated_at: in the replica. archived_at: in the object store. copy_checked_at: when the bytes
    in the replica were last re-hashed; copy_damage: code of what is wrong there and not yet mended.
    """

    replicated_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    copy_checked_at = models.DateTimeField(null=True, blank=True)
    copy_damage = models.CharField(max_length=60, blank=True)

    class Meta:
        abstract = True


class PackQuerySet(models.QuerySet["Pack"]):
    def readable(self) -> PackQuerySet:
        """Packs of which at least one file can still be opened."""
        live = StoredFile.objects.filter(pack=models.OuterRef("pk"), shredded_at=None)
        return self.filter(models.Exists(live))


class Pack(Copied):
    """One object on disk that holds many small sealed files."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    stored_name = models.CharField(max_length=64, unique=True)
    stored_size = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(null=True, blank=True)
    damage = models.CharField(max_length=60, blank=True)  # code of what the last check found

    objects = PackQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["checked_at", "id"], name="vault_pack_least_checked")]

    def __str__(self) -> str:
        return f"pack {self.pk}"

    @property
    def subject(self) -> str:
        return f"pack:{self.uid}"


class StoredFile(Copied):
    """One sealed file on disk. Whoever points at it (evidence) decides who may see it.

    pack, offset: where a small one lies; its stored_name is then drawn, and no file bears it.
    shredded_at: when its key was destroyed; the key is then empty and the lookup finds nothing.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    lookup = models.BinaryField(max_length=32, unique=True)
    size = models.BigIntegerField()
    stored_name = models.CharField(max_length=64, unique=True)
    stored_size = models.BigIntegerField()
    wrapped_key = models.BinaryField()
    pack = models.ForeignKey(Pack, on_delete=models.PROTECT, related_name="files", null=True)
    offset = models.BigIntegerField(default=0)
    shredded_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(null=True, blank=True)
    damage = models.CharField(max_length=60, blank=True)  # code of what the last check found

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(size__gte=0), name="stored_size_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(offset__gte=0), name="stored_offset_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(shredded_at=None) | models.Q(wrapped_key=b""),
                name="shredded_has_no_key",
            ),
        ]
        indexes = [
            models.Index(fields=["checked_at", "id"], name="vault_least_checked"),
            # The worker asks for these all the time, and nearly always there is none.
            models.Index(
                fields=["uid"],
                name="vault_shredded",
                condition=models.Q(shredded_at__isnull=False),
            ),
            models.Index(
                fields=["id"],
                name="vault_not_replicated",
                condition=models.Q(replicated_at=None, pack=None),
            ),
            models.Index(
                fields=["id"],
                name="vault_not_archived",
                condition=models.Q(archived_at=None, pack=None),
            ),
        ]

    def __str__(self) -> str:
        return f"stored file {self.pk}"

    @property
    def subject(self) -> str:
        return f"file:{self.uid}"

    @property
    def section(self) -> Section | None:
        """Where the bytes lie, if in a pack."""
        if self.pack is None:
            return None
        return Section(self.pack.stored_name, self.offset, self.pack.stored_size)


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, actor: Actor) -> UploadQuerySet:
        """The officer's own uploads whose time is not over."""
        if not isinstance(actor, Officer):
            return self.none()
        return self.filter(officer=actor, expires_at__gt=timezone.now())


class Upload(models.Model):
    """A file that an officer sends in pieces. length, offset: in bytes, of all and of what is here.

    metadata: the header Upload-Metadata as it came. turn: of whoever sends now. The row goes when
    the file is an item, is thrown away, or its time is over.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="uploads")
    length = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    metadata = models.TextField(blank=True)
    turn = models.UUIDField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(offset__gte=0, offset__lte=models.F("length")),
                name="upload_within_its_length",
            )
        ]

    def __str__(self) -> str:
        return f"upload {self.pk}"

    @property
    def subject(self) -> str:
        return f"upload:{self.uid}"

    @property
    def is_complete(self) -> bool:
        return self.offset == self.length

    @property
    def stated(self) -> Mapping[str, str]:
        """What the client said about the file: filename, filetype, fingerprint."""
        return tus.metadata(self.metadata)


class UploadPart(models.Model):
    """Some of the bytes of an upload, sealed in a file of the spool."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts")
    name = models.CharField(max_length=32, unique=True)
    offset = models.BigIntegerField()
    size = models.BigIntegerField()
    wrapped_key = models.BinaryField()

    class Meta:
        ordering = ["offset"]
        constraints = [
            models.UniqueConstraint(fields=["upload", "offset"], name="upload_part_once")
        ]

    def __str__(self) -> str:
        return f"part of upload {self.upload_id}"
