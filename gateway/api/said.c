#include "api/said.h"

#include <string.h>

const struct said_pair said_pairs[] = {
    {"there is no database yet", "数据库尚未建立"},
    {"the database is busy", "数据库忙，请稍后再试"},
    {"the database cannot be read: %s", "无法读取数据库：%s"},
    {"the answer is too large; ask for less", "结果过大，请缩小范围"},
    {"the accounts cannot be used: %s", "账号库不可用：%s"},
    {"kept answers cannot be read: %s", "无法读取已保存的应答：%s"},
    {"out of memory", "内存不足"},
    {"there is no registry yet", "尚未导入登记册"},
    {"unknown parameter", "未知参数"},
    {"unknown member", "未知字段"},
    {"is there twice", "重复出现"},
    {"is missing: %s", "缺少，应为：%s"},
    {"must be %s", "应为：%s"},
    {"a parameter is too long, or there are too many", "参数过长或过多"},
    {"a body is at most %d bytes", "请求内容最多 %d 字节"},
    {"the body must be application/json", "请求内容必须是 application/json"},
    {"the body must be a JSON object", "请求内容必须是 JSON 对象"},
    {"line %d, column %d: %s", "第 %d 行第 %d 列：%s"},
    {"the path is too long", "路径过长"},
    {"this path takes %s", "此路径只接受 %s"},
    {"this key belongs to another request", "此键已用于另一请求"},
    {"a request with this key is under way", "使用此键的请求正在处理"},
    {"it is not known what became of this; look, and use another key to do it again",
     "无法确认此操作是否完成：请查看后换一个键重试"},
    {"%s is missing", "缺少 %s"},
    {"one of resident, household, territory and device", "resident、household、territory、device 之一"},
    {"%s is not in the registry", "登记册中没有 %s"},
    {"must be the ETag of the account as it was read", "应为读取账号时的 ETag"},
    {"must be the code of a territory for grid_worker and town_desk, the id of a resident for family, and "
     "empty for the others",
     "网格员和镇值班应填辖区编码，家属应填老人编号，其他角色留空"},
    {"must be a number of 1 to 31", "应为 1 到 31 的数"},
    {"must be a number of 1 to 200", "应为 1 到 200 的数"},
    {"must be the \"next\" of the page before", "应为上一页的 next"},
    {"must be an object of file names and their texts, and nothing else", "应为文件名与其内容的对象"},
    {"no file of a registry, or not a text", "不是登记册的文件，或内容不是文本"},
    {"the files cannot be kept", "无法保存文件"},
    /* what a member or parameter must be */
    {"the version of the preview", "预览的版本"},
    {"an id of letters, digits, - and _, at most 64", "由字母、数字、- 和 _ 组成的编号，最多 64 个字符"},
    {"text of at most 255 bytes", "最多 255 字节的文字"},
    {"text of at most 255 bytes, not empty", "最多 255 字节的文字，不能为空"},
    {"an ISO 8601 time with an offset", "带时区的 ISO 8601 时间"},
    {"an id, and the only one of resident, household, territory and device",
     "编号，且 resident、household、territory、device 只能有一个"},
    {"true, false, expected, drill, could_not_verify, transferred or declined",
     "true、false、expected、drill、could_not_verify、transferred 或 declined"},
    {"safe, needs_help, no_answer, other_person or wrong_number",
     "safe、needs_help、no_answer、other_person 或 wrong_number"},
    {"health, visitor, outing, fraud, coverage or fleet",
     "health、visitor、outing、fraud、coverage 或 fleet"},
    {"the absolute path of a folder on this machine", "本机上文件夹的绝对路径"},
    {"active, away, hospital, paused, moved or deceased",
     "active、away、hospital、paused、moved 或 deceased"},
    {"text of 1 to 96 bytes", "1 到 96 字节的文字"},
    {"text of 10 to 128 bytes", "10 到 128 字节的文字"},
    {"text of at most 128 bytes", "最多 128 字节的文字"},
    {"family, grid_worker, town_desk, county_desk, police_desk or administrator",
     "family、grid_worker、town_desk、county_desk、police_desk 或 administrator"},
    {"the code of a territory or the id of a resident", "辖区编码或老人编号"},
    {"the code of the gateway's log", "网关日志中的安装码"},
    {"true or false", "true 或 false"},
    {"open, lapsed, closed or absorbed", "open、lapsed、closed 或 absorbed"},
    {"green, yellow, orange or red (at least)", "green、yellow、orange 或 red（至少）"},
    {"emergency, health, visitor, outing, fraud, coverage or fleet",
     "emergency、health、visitor、outing、fraud、coverage 或 fleet"},
    {"census, pension_check, gas_safety, free_clinic, ceremony, meeting or fair",
     "census、pension_check、gas_safety、free_clinic、ceremony、meeting 或 fair"},
    {"the id of a resident", "老人编号"},
    {"a number of 1 to 500", "1 到 500 的数"},
    {"the \"next\" of the page before", "上一页的 next"},
    {"wristband or camera", "wristband 或 camera"},
    {"none, any, never, silent, low or unworn", "none、any、never、silent、low 或 unworn"},
    /* what the core says */
    {"done", "已完成"},
    {"imported", "已导入"},
    {"there is no such open alert", "没有这样的待处置告警"},
    {"the alert's state does not allow this", "告警当前状态不允许此操作"},
    {"there is no such silence, or it has ended", "没有这个静默，或已结束"},
    {"a silence needs a reason, an end within 30 days and a territory below the county; emergencies are "
     "never "
     "silenced, and no more than 256 silences run at once",
     "静默需要原因，须在 30 天内结束，辖区须低于县级；求助从不静默，同时最多 256 个静默"},
    {"too many actions wait", "等待处理的操作过多"},
    {"too many wait already", "等待处理的请求过多"},
    {"the gateway is stopping", "网关正在停止"},
    {"no commit within 10 s; it may still happen: look before you ask again",
     "10 秒内未提交，仍可能完成：请查看后再重试"},
};
const size_t said_count = sizeof(said_pairs) / sizeof(said_pairs[0]);

const char *said(bool zh, const char *en)
{
    for (size_t i = 0; zh && i < said_count; i++)
        if (strcmp(said_pairs[i].en, en) == 0)
            return said_pairs[i].zh;
    return en;
}
