/* huyang-walk: the story of walk.h on this machine, with the sizes of a microcontroller. */
#include <stdio.h>

#include "../../testing/ram_flash.h"
#include "walk.h"

static void say(const char *text)
{
    fputs(text, stdout);
}

int main(void)
{
    static struct walk walk = {.say = say};
    struct ram_flash flash;
    bool told;

    if (!ram_flash_init(&flash, DEVICE_SECTOR_BYTES, DEVICE_SECTORS)) {
        fputs("huyang-walk: no memory for the flash\n", stderr);
        return 1;
    }
    walk.flash = ram_flash_driver(&flash);
    told = walk_run(&walk);
    ram_flash_release(&flash);
    if (!told)
        fputs("huyang-walk: the device did not start\n", stderr);
    return told ? 0 : 1;
}
