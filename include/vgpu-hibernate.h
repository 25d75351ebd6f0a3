/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The contract of vgpu-hibernate: every name that a client may depend on. Those of D-Bus are documented in
 * org.vgpu.Hibernate1(5), those of the journal in vgpu-hibernated(8). Names are only ever added within version 1.
 */

#define VGPU_HIBERNATE_BUS_NAME "org.vgpu.Hibernate1"
#define VGPU_HIBERNATE_ROOT_PATH "/org/vgpu/Hibernate1"

#define VGPU_HIBERNATE_MANAGER_INTERFACE "org.vgpu.Hibernate1.Manager"
#define VGPU_HIBERNATE_DOMAIN_INTERFACE "org.vgpu.Hibernate1.Domain"
#define VGPU_HIBERNATE_FUNCTION_INTERFACE "org.vgpu.Hibernate1.Function"
#define VGPU_HIBERNATE_JOB_INTERFACE "org.vgpu.Hibernate1.Job"
#define VGPU_HIBERNATE_POOL_INTERFACE "org.vgpu.Hibernate1.Pool"

/* Objects: the last element is a job's number, a domain's UUID with '-' as '_', a function's address with
 * ':' and '.' as '_' ("0000_01_10_0"), a pool's name escaped as sd_bus_path_encode(3) does ("_31002_2d74b6"). */
#define VGPU_HIBERNATE_DOMAIN_PATH "/org/vgpu/Hibernate1/domain"
#define VGPU_HIBERNATE_FUNCTION_PATH "/org/vgpu/Hibernate1/function"
#define VGPU_HIBERNATE_JOB_PATH "/org/vgpu/Hibernate1/job"
#define VGPU_HIBERNATE_POOL_PATH "/org/vgpu/Hibernate1/pool"

/* What a refusal or a failed job is called. The text beside it names the thing, the cause and the remedy. */
#define VGPU_HIBERNATE_ERROR_PREFIX "org.vgpu.Hibernate1.Error."
#define VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN "org.vgpu.Hibernate1.Error.UnknownDomain"
#define VGPU_HIBERNATE_ERROR_UNKNOWN_FUNCTION "org.vgpu.Hibernate1.Error.UnknownFunction"
#define VGPU_HIBERNATE_ERROR_UNKNOWN_JOB "org.vgpu.Hibernate1.Error.UnknownJob"
#define VGPU_HIBERNATE_ERROR_UNKNOWN_RESERVATION "org.vgpu.Hibernate1.Error.UnknownReservation"
#define VGPU_HIBERNATE_ERROR_INVALID_OPTION "org.vgpu.Hibernate1.Error.InvalidOption"
#define VGPU_HIBERNATE_ERROR_NOT_RUNNING "org.vgpu.Hibernate1.Error.NotRunning"
#define VGPU_HIBERNATE_ERROR_NOT_HIBERNATED "org.vgpu.Hibernate1.Error.NotHibernated"
#define VGPU_HIBERNATE_ERROR_NOT_QUARANTINED "org.vgpu.Hibernate1.Error.NotQuarantined"
#define VGPU_HIBERNATE_ERROR_HIBERNATED "org.vgpu.Hibernate1.Error.Hibernated"
#define VGPU_HIBERNATE_ERROR_NO_FUNCTION "org.vgpu.Hibernate1.Error.NoFunction"
#define VGPU_HIBERNATE_ERROR_NO_FREE_FUNCTION "org.vgpu.Hibernate1.Error.NoFreeFunction"
#define VGPU_HIBERNATE_ERROR_INCOMPATIBLE "org.vgpu.Hibernate1.Error.Incompatible"
#define VGPU_HIBERNATE_ERROR_FUNCTION_BUSY "org.vgpu.Hibernate1.Error.FunctionBusy"
#define VGPU_HIBERNATE_ERROR_FOREIGN_DRIVER "org.vgpu.Hibernate1.Error.ForeignDriver"
#define VGPU_HIBERNATE_ERROR_GATE_CLOSED "org.vgpu.Hibernate1.Error.GateClosed"
#define VGPU_HIBERNATE_ERROR_GATE_UNANSWERED "org.vgpu.Hibernate1.Error.GateUnanswered"
#define VGPU_HIBERNATE_ERROR_DOMAIN_BUSY "org.vgpu.Hibernate1.Error.DomainBusy"
#define VGPU_HIBERNATE_ERROR_PLAN_STALE "org.vgpu.Hibernate1.Error.PlanStale"
#define VGPU_HIBERNATE_ERROR_NOT_PERSISTENT "org.vgpu.Hibernate1.Error.NotPersistent"
#define VGPU_HIBERNATE_ERROR_NO_AGENT "org.vgpu.Hibernate1.Error.NoAgent"
#define VGPU_HIBERNATE_ERROR_SUSPEND_DISABLED "org.vgpu.Hibernate1.Error.SuspendDisabled"
#define VGPU_HIBERNATE_ERROR_SUSPEND_FAILED "org.vgpu.Hibernate1.Error.SuspendFailed"
#define VGPU_HIBERNATE_ERROR_NOT_MIGRATABLE "org.vgpu.Hibernate1.Error.NotMigratable"
#define VGPU_HIBERNATE_ERROR_UNPLUG_FAILED "org.vgpu.Hibernate1.Error.UnplugFailed"
#define VGPU_HIBERNATE_ERROR_PLUG_FAILED "org.vgpu.Hibernate1.Error.PlugFailed"
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
#define VGPU_HIBERNATE_ERROR_INTERRUPTED "org.vgpu.Hibernate1.Error.Interrupted"
#define VGPU_HIBERNATE_ERROR_TOO_LATE "org.vgpu.Hibernate1.Error.TooLate"
#define VGPU_HIBERNATE_ERROR_SHUTTING_DOWN "org.vgpu.Hibernate1.Error.ShuttingDown"
#define VGPU_HIBERNATE_ERROR_NOT_AUTHORIZED "org.vgpu.Hibernate1.Error.NotAuthorized"

/*
 * MESSAGE_ID of what the journal (systemd-journald) is told, one for each event that somebody acts on or searches for;
 * 'journalctl -x' explains them. An end of a job has one of the five beneath JOB_ACCEPTED, the most particular that is
 * true. Messages of a job carry JOB_ID, DOMAIN_UUID, DOMAIN_NAME, STEP, FUNCTION_FROM and FUNCTION_TO (repeated when
 * the domain has several), those that name an error ERROR, those of one function FUNCTION: vgpu-hibernated(8).
 */
#define VGPU_HIBERNATE_MESSAGE_JOB_ACCEPTED "3fefddf6ac1d444d85aad8c015de695c"
#define VGPU_HIBERNATE_MESSAGE_JOB_DONE "f0c3516768d547e5b2aab92f46de3eaa"
#define VGPU_HIBERNATE_MESSAGE_JOB_CANCELED "5f0cd799bcd74a9abe54b687d5ce74c4"
#define VGPU_HIBERNATE_MESSAGE_JOB_FAILED "079ee0bd24294b5895071e4adf0f96ea"
#define VGPU_HIBERNATE_MESSAGE_IMAGE_DAMAGED "29496338383e4ac4836c5932ea2fb8b7"
#define VGPU_HIBERNATE_MESSAGE_GUEST_LOST "de6bfc8f082244b4a0f89f6bccb3fee6"
#define VGPU_HIBERNATE_MESSAGE_STEP_BEGUN "de997e9edac744a0807fbcb6ae756961"
#define VGPU_HIBERNATE_MESSAGE_STEP_FAILED "4e554da087f24e0facd9bc19bfddfeb2"
#define VGPU_HIBERNATE_MESSAGE_STEP_UNDOING "0e77c3f7872e43f3956f0ac6d3e3eb95"
#define VGPU_HIBERNATE_MESSAGE_WORKER_DIED "2b91a2022113452aa9cdbc64eede34d0"
#define VGPU_HIBERNATE_MESSAGE_JOB_RECOVERING "319908c9ffa24080a6a9297d48c3edd4"
#define VGPU_HIBERNATE_MESSAGE_JOB_STUCK "a3e5f0dbc24a43cab7f0deae13e39191"
#define VGPU_HIBERNATE_MESSAGE_OTHER_FUNCTIONS "43b41e2b797247c79de1bd98d5838dfb"
#define VGPU_HIBERNATE_MESSAGE_JOB_GIVEN_UP "cf1ff7d4c805443ab552f5a24bff6528"
#define VGPU_HIBERNATE_MESSAGE_FUNCTION_QUARANTINED "b4934fc74fb64d36a7b4ea7f98fab730"
#define VGPU_HIBERNATE_MESSAGE_QUARANTINE_REQUESTED "b3c45d9d088244ca91989a90389a094e"
#define VGPU_HIBERNATE_MESSAGE_QUARANTINE_CLEARED "c5c81371fa0f4677b137176251eb3acc"
#define VGPU_HIBERNATE_MESSAGE_NOT_HIBERNATED "e5b0cf4f6b7b4f0c9d0d5a4f7a1e3c92"
#define VGPU_HIBERNATE_MESSAGE_NOT_BROUGHT_BACK "7c9a2d1e84b34c5f8e6b0f3d92a7c451"
#define VGPU_HIBERNATE_MESSAGE_DEGRADED "83ebba8a4baf49a686dc939da8a17ae5"
#define VGPU_HIBERNATE_MESSAGE_DEGRADED_ENDED "02c8109dc94740579bb606e31694c357"
#define VGPU_HIBERNATE_MESSAGE_STATE_BROKEN "9d076cfa582a4a61b70367bf84c1dad3"
