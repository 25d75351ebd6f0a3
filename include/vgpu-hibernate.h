/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The D-Bus contract of vgpu-hibernate: every name that a client may depend on. Documented in
 * org.vgpu.Hibernate1(5). Names are only ever added within version 1.
 */

#define VGPU_HIBERNATE_BUS_NAME "org.vgpu.Hibernate1"
#define VGPU_HIBERNATE_ROOT_PATH "/org/vgpu/Hibernate1"

#define VGPU_HIBERNATE_MANAGER_INTERFACE "org.vgpu.Hibernate1.Manager"
#define VGPU_HIBERNATE_DOMAIN_INTERFACE "org.vgpu.Hibernate1.Domain"
#define VGPU_HIBERNATE_FUNCTION_INTERFACE "org.vgpu.Hibernate1.Function"
#define VGPU_HIBERNATE_JOB_INTERFACE "org.vgpu.Hibernate1.Job"

/* Objects: the last element is a job's number, a domain's UUID with '-' as '_', a function's address with
 * ':' and '.' as '_' ("0000_01_10_0"). */
#define VGPU_HIBERNATE_DOMAIN_PATH "/org/vgpu/Hibernate1/domain"
#define VGPU_HIBERNATE_FUNCTION_PATH "/org/vgpu/Hibernate1/function"
#define VGPU_HIBERNATE_JOB_PATH "/org/vgpu/Hibernate1/job"

/* What a refusal or a failed job is called. The text beside it names the thing, the cause and the remedy. */
#define VGPU_HIBERNATE_ERROR_PREFIX "org.vgpu.Hibernate1.Error."
#define VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN "org.vgpu.Hibernate1.Error.UnknownDomain"
#define VGPU_HIBERNATE_ERROR_UNKNOWN_FUNCTION "org.vgpu.Hibernate1.Error.UnknownFunction"
#define VGPU_HIBERNATE_ERROR_UNKNOWN_JOB "org.vgpu.Hibernate1.Error.UnknownJob"
#define VGPU_HIBERNATE_ERROR_INVALID_OPTION "org.vgpu.Hibernate1.Error.InvalidOption"
#define VGPU_HIBERNATE_ERROR_NOT_RUNNING "org.vgpu.Hibernate1.Error.NotRunning"
#define VGPU_HIBERNATE_ERROR_NOT_HIBERNATED "org.vgpu.Hibernate1.Error.NotHibernated"
#define VGPU_HIBERNATE_ERROR_NO_FUNCTION "org.vgpu.Hibernate1.Error.NoFunction"
#define VGPU_HIBERNATE_ERROR_NO_FREE_FUNCTION "org.vgpu.Hibernate1.Error.NoFreeFunction"
#define VGPU_HIBERNATE_ERROR_INCOMPATIBLE "org.vgpu.Hibernate1.Error.Incompatible"
#define VGPU_HIBERNATE_ERROR_FUNCTION_BUSY "org.vgpu.Hibernate1.Error.FunctionBusy"
#define VGPU_HIBERNATE_ERROR_FOREIGN_DRIVER "org.vgpu.Hibernate1.Error.ForeignDriver"
#define VGPU_HIBERNATE_ERROR_DOMAIN_BUSY "org.vgpu.Hibernate1.Error.DomainBusy"
#define VGPU_HIBERNATE_ERROR_NOT_PERSISTENT "org.vgpu.Hibernate1.Error.NotPersistent"
#define VGPU_HIBERNATE_ERROR_NO_AGENT "org.vgpu.Hibernate1.Error.NoAgent"
#define VGPU_HIBERNATE_ERROR_SUSPEND_DISABLED "org.vgpu.Hibernate1.Error.SuspendDisabled"
#define VGPU_HIBERNATE_ERROR_SUSPEND_FAILED "org.vgpu.Hibernate1.Error.SuspendFailed"
#define VGPU_HIBERNATE_ERROR_QEMU_TOO_OLD "org.vgpu.Hibernate1.Error.QemuTooOld"
#define VGPU_HIBERNATE_ERROR_NO_SPACE "org.vgpu.Hibernate1.Error.NoSpace"
#define VGPU_HIBERNATE_ERROR_SAVE_FAILED "org.vgpu.Hibernate1.Error.SaveFailed"
#define VGPU_HIBERNATE_ERROR_IMAGE_DAMAGED "org.vgpu.Hibernate1.Error.ImageDamaged"
#define VGPU_HIBERNATE_ERROR_BIND_FAILED "org.vgpu.Hibernate1.Error.BindFailed"
#define VGPU_HIBERNATE_ERROR_RESTORE_FAILED "org.vgpu.Hibernate1.Error.RestoreFailed"
#define VGPU_HIBERNATE_ERROR_WAKE_FAILED "org.vgpu.Hibernate1.Error.WakeFailed"
#define VGPU_HIBERNATE_ERROR_GUEST_UNHEALTHY "org.vgpu.Hibernate1.Error.GuestUnhealthy"
#define VGPU_HIBERNATE_ERROR_LIBVIRT "org.vgpu.Hibernate1.Error.Libvirt"
#define VGPU_HIBERNATE_ERROR_HOST "org.vgpu.Hibernate1.Error.Host"
#define VGPU_HIBERNATE_ERROR_WORKER_DIED "org.vgpu.Hibernate1.Error.WorkerDied"
#define VGPU_HIBERNATE_ERROR_LOST "org.vgpu.Hibernate1.Error.Lost"
#define VGPU_HIBERNATE_ERROR_CANCELED "org.vgpu.Hibernate1.Error.Canceled"
#define VGPU_HIBERNATE_ERROR_TOO_LATE "org.vgpu.Hibernate1.Error.TooLate"
#define VGPU_HIBERNATE_ERROR_NOT_AUTHORIZED "org.vgpu.Hibernate1.Error.NotAuthorized"
