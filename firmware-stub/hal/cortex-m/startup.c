/*
 * From reset to the story of walk.h on a Cortex-M without an operating system, its words going to the
 * debugger by semihosting (Arm, "Semihosting for AArch32 and AArch64", SYS_WRITE0 and SYS_EXIT).
 *
 * There is no heap: what asks for one gets nothing, so that a forgotten allocator shows as a failure.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../apps/walk/walk.h"

enum { SYS_WRITE0 = 0x04, SYS_EXIT = 0x18, STACK_PAINT = 0xa5 };
static const uint32_t exit_well = 0x20026,
                      exit_badly = 0x20023; /* ADP_Stopped_ApplicationExit, RunTimeError */

extern uint8_t data_start[], data_end[], bss_start[], bss_end[], stack_bottom[], stack_top[];
extern const uint8_t data_from[];

void reset(void);
void *no_malloc(size_t size);
void no_free(void *pointer);

static void semihost(uint32_t operation, uint32_t argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register uint32_t r1 __asm__("r1") = argument;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void say(const char *text)
{
    semihost(SYS_WRITE0, (uint32_t)(uintptr_t)text);
}

static void end(bool well)
{
    semihost(SYS_EXIT, well ? exit_well : exit_badly);
    for (;;)
        ;
}

/* A fault of the processor is an end, never a hang. */
static void fault(void)
{
    say("# fault\n");
    end(false);
}

void *no_malloc(size_t size)
{
    (void)size;
    return NULL;
}

void no_free(void *pointer)
{
    (void)pointer;
}

static int flash_read(void *context, uint32_t offset, void *ret_bytes, size_t length)
{
    memcpy(ret_bytes, (const uint8_t *)context + offset, length);
    return 0;
}

static int flash_write(void *context, uint32_t offset, const void *bytes, size_t length)
{
    uint8_t *cells = context;
    const uint8_t *from = bytes;

    for (size_t i = 0; i < length; i++)
        cells[offset + i] &= from[i];
    return 0;
}

static int flash_erase(void *context, uint32_t sector)
{
    memset((uint8_t *)context + sector * DEVICE_SECTOR_BYTES, 0xff, DEVICE_SECTOR_BYTES);
    return 0;
}

static void say_stack(void)
{
    const uint8_t *at = stack_bottom;
    char text[12];
    size_t end_at = sizeof text - 1;
    uint32_t used;

    while (at < stack_top && *at == STACK_PAINT)
        at++;
    used = (uint32_t)(stack_top - at);
    text[end_at] = '\0';
    text[--end_at] = '\n';
    do
        text[--end_at] = (char)('0' + used % 10);
    while ((used /= 10) != 0);
    say("# stack ");
    say(text + end_at);
}

/* Not inlined: reset() is the frame that paints, and the story's depth is counted below it. */
__attribute__((noinline)) static bool tell(void)
{
    static struct walk walk;
    /* The flash chip: NOR, in memory that a real device does not need. */
    static uint8_t cells[DEVICE_SECTORS * DEVICE_SECTOR_BYTES] __attribute__((section(".outside")));

    memset(cells, 0xff, sizeof cells);
    walk.say = say;
    walk.flash = (struct device_flash){.context = cells,
                                       .sector_bytes = DEVICE_SECTOR_BYTES,
                                       .sector_count = DEVICE_SECTORS,
                                       .read = flash_read,
                                       .write = flash_write,
                                       .erase = flash_erase};
    return walk_run(&walk);
}

void reset(void)
{
    uint8_t *paint_end;
    bool told;

    memcpy(data_start, data_from, (size_t)(data_end - data_start));
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    __asm__ volatile("mov %0, sp" : "=r"(paint_end));
    memset(stack_bottom, STACK_PAINT,
           (size_t)(paint_end - stack_bottom) - 64); /* memset's own frame lives there */
    told = tell();
    say_stack();
    end(told);
}

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[16] = {
    (uintptr_t)stack_top,   (uintptr_t)reset,       [2] = (uintptr_t)fault, [3] = (uintptr_t)fault,
    [4] = (uintptr_t)fault, [5] = (uintptr_t)fault, [6] = (uintptr_t)fault,
};
