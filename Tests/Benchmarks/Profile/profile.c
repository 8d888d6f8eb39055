/* A plugin for QEMU that counts how often the guest executes each instruction, between two marks that a program makes.
 *
 * `xchg bx, bx` begins a round and forgets what was counted; `xchg cx, cx` ends it. Of several rounds the last counts, so a row's
 * warm-up does not. At the end it writes a line for each address: the address, and how often it was executed.
 *
 * QEMU's header for plugins is in no package of Debian's, so what is used of it is declared here. Source: QEMU 7.2,
 * include/qemu/qemu-plugin.h, API version 1. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD = 0, NO_REGISTERS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *, int, void *, uint64_t);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);

#define EXPORTED __attribute__((visibility("default")))
#define SLOT_BITS 22
#define SLOTS (1u << SLOT_BITS)

struct slot {
    uint64_t address, count, last;
};

EXPORTED int qemu_plugin_version = 1;
static struct slot *slots;
static const char *output;

/* The slot of an address, by open addressing: there are far more slots than a guest has instructions. */
static struct slot *slot_of(uint64_t address)
{
    uint32_t index = address * 0x9e3779b97f4a7c15ull >> (64 - SLOT_BITS);
    while (slots[index].address && slots[index].address != address)
        index = (index + 1) & (SLOTS - 1);
    slots[index].address = address;
    return &slots[index];
}

static void begin(unsigned processor, void *nothing)
{
    (void)processor;
    (void)nothing;
    for (uint32_t index = 0; index < SLOTS; index++)
        slots[index].count = 0;
}

static void end(unsigned processor, void *nothing)
{
    (void)processor;
    (void)nothing;
    for (uint32_t index = 0; index < SLOTS; index++) {
        slots[index].last = slots[index].count;
        slots[index].count = 0;
    }
}

static void translate(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t index = 0; index < qemu_plugin_tb_n_insns(block); index++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, index);
        const unsigned char *bytes = qemu_plugin_insn_data(instruction);
        if (qemu_plugin_insn_size(instruction) == 3 && bytes[0] == 0x66 && bytes[1] == 0x87) {
            if (bytes[2] == 0xdb)
                qemu_plugin_register_vcpu_insn_exec_cb(instruction, begin, NO_REGISTERS, 0);
            if (bytes[2] == 0xc9)
                qemu_plugin_register_vcpu_insn_exec_cb(instruction, end, NO_REGISTERS, 0);
        }
        struct slot *slot = slot_of(qemu_plugin_insn_vaddr(instruction));
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, INLINE_ADD, &slot->count, 1);
    }
}

static void finish(plugin_id id, void *nothing)
{
    (void)id;
    (void)nothing;
    FILE *file = fopen(output, "w");
    if (!file)
        return;
    for (uint32_t index = 0; index < SLOTS; index++)
        if (slots[index].last)
            fprintf(file, "%lx %lu\n", (unsigned long)slots[index].address, (unsigned long)slots[index].last);
    fclose(file);
}

/* Its one argument is `output=FILE`. */
EXPORTED int qemu_plugin_install(plugin_id id, const void *information, int count, char **arguments)
{
    (void)information;
    const char *value = count == 1 ? strchr(arguments[0], '=') : 0;
    slots = calloc(SLOTS, sizeof *slots);
    if (!value || !slots)
        return 1;
    output = value + 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, 0);
    return 0;
}
