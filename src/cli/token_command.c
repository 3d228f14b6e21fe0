#include "cli/token_command.h"

#include "cli/grid.h"
#include "cli/server_call.h"
#include "registry/tokens.h"

enum { DAYS = 90, DAYS_MAX = 3650 };

typedef mw_status (*task)(mw_workspace *workspace, mw_error *err);

static mw_status with_state(mw_cli *cli, mw_workspace_mode mode, task run, mw_error *err) {
    mw_workspace workspace;
    mw_status status = mw_workspace_open_state(cli, mode, &workspace, err);
    if (status == MW_OK) status = run(&workspace, err);
    mw_workspace_release(&workspace);
    return status;
}

static mw_catalog *catalog_of(const mw_workspace *workspace) {
    return mw_state_catalog(workspace->state);
}

/* --- create ------------------------------------------------------------------------------- */

static mw_status read_token(const mw_workspace *workspace, mw_token_row *out_row,
                            mw_error *err) {
    const mw_cli *cli = workspace->cli;
    const char *scopes = mw_cli_option(cli, "--scope");
    int64_t days = 0, now_us = mw_sys_now_us(cli->sys);
    mw_token_row row = {.name = mw_str_of(cli->words[0]),
                        .created_us = now_us,
                        .who = mw_workspace_who(workspace),
                        .revoked_us = MW_TIME_MISSING};
    if (row.name.size == 0 || row.name.size > MW_TOKEN_NAME_MAX)
        return mw_fail(err, MW_USAGE, "token: its name must have 1 to %d bytes, got %zu",
                       MW_TOKEN_NAME_MAX, row.name.size);
    if (!scopes) {
        mw_status status = mw_fail(err, MW_USAGE, "--scope: must say what the token allows");
        return mw_hint(err, status, "Such as --scope predict,events.");
    }
    MW_TRY(mw_scopes_parse(mw_str_of(scopes), &row.scopes, err));
    MW_TRY(mw_cli_int(cli, "--days", (mw_cli_bounds){1, DAYS_MAX, DAYS}, &days, err));
    row.expires_us = now_us + days * MW_DAY_US;
    *out_row = row;
    return MW_OK;
}

static void tell_token(mw_cli *cli, const mw_token_row *row, const char *token) {
    mw_buf *out = &cli->out;
    if (!cli->json) {
        mw_buf_printf(out, "%s\n", token);
        mw_cli_note(cli, "this is the only time that it is shown: only its hash is kept");
        return;
    }
    mw_json json = mw_json_begin(out);
    mw_json_object(&json);
    mw_json_put_str(&json, "name", row->name);
    mw_json_put_text(&json, "token", token);
    mw_json_put_time(&json, "expires", row->expires_us);
    mw_json_object_end(&json);
}

static mw_status create(mw_workspace *workspace, mw_error *err) {
    unsigned char secret[MW_TOKEN_SECRET_SIZE];
    char token[MW_TOKEN_SIZE + 1];
    mw_token_row row;
    MW_TRY(read_token(workspace, &row, err));
    mw_sys_entropy(workspace->cli->sys, secret, sizeof secret);
    mw_token_write(secret, token);
    mw_token_hash(mw_str_of(token), row.hash);
    MW_TRY(mw_tokens_add(catalog_of(workspace), &row, err));
    tell_token(workspace->cli, &row, token); /* it stands, whatever the server says */
    return mw_serve_tell_tokens(workspace, err);
}

mw_status mw_cli_tokens_create(mw_cli *cli, mw_error *err) {
    return with_state(cli, MW_WORKSPACE_CATALOG, create, err);
}

/* --- revoke ------------------------------------------------------------------------------- */

static mw_status revoke(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    MW_TRY(mw_tokens_revoke(catalog_of(workspace), mw_str_of(cli->words[0]),
                            mw_sys_now_us(cli->sys), err));
    MW_TRY(mw_serve_tell_tokens(workspace, err));
    if (!cli->json) {
        mw_buf_printf(&cli->out, "%s lets nobody in any more\n", cli->words[0]);
        return MW_OK;
    }
    mw_json json = mw_json_begin(&cli->out);
    mw_json_object(&json);
    mw_json_put_text(&json, "revoked", cli->words[0]);
    mw_json_object_end(&json);
    return MW_OK;
}

mw_status mw_cli_tokens_revoke(mw_cli *cli, mw_error *err) {
    return with_state(cli, MW_WORKSPACE_CATALOG, revoke, err);
}

/* --- list --------------------------------------------------------------------------------- */

static const char *state_of(const mw_token_row *row, int64_t now_us) {
    if (row->revoked_us != MW_TIME_MISSING) return "revoked";
    return row->expires_us <= now_us ? "expired" : "in force";
}

static void write_token(const mw_token_row *row, mw_str scopes, const char *state,
                        mw_json *json) {
    mw_json_object(json);
    mw_json_put_str(json, "name", row->name);
    mw_json_put_str(json, "scope", scopes);
    mw_json_put_text(json, "state", state);
    mw_json_put_time(json, "created", row->created_us);
    mw_json_put_time(json, "expires", row->expires_us);
    mw_json_put_time(json, "revoked", row->revoked_us);
    mw_json_put_str(json, "who", row->who);
    mw_json_object_end(json);
}

static void add_token(const mw_token_row *row, mw_str scopes, const char *state, mw_grid *grid) {
    mw_grid_add_str(grid, row->name);
    mw_grid_add_str(grid, scopes);
    mw_grid_add(grid, "%s", state);
    mw_grid_add_time(grid, row->created_us);
    mw_grid_add_time(grid, row->expires_us);
    mw_grid_add_str(grid, row->who);
}

static mw_status list(mw_workspace *workspace, mw_error *err) {
    mw_cli *cli = workspace->cli;
    mw_token_row *rows = NULL;
    size_t count = 0;
    int64_t now_us = mw_sys_now_us(cli->sys);
    MW_TRY(mw_tokens_list(catalog_of(workspace), &workspace->arena, &rows, &count, err));
    mw_grid grid = mw_grid_begin("name|scope|state|created|expires|who");
    mw_json json = mw_json_begin(&cli->out);
    mw_buf scopes;
    mw_buf_init(&scopes, 100);
    if (cli->json) mw_json_array(&json);
    for (size_t i = 0; i < count; i++) {
        const char *state = state_of(&rows[i], now_us);
        mw_buf_clear(&scopes);
        mw_scopes_append(&scopes, rows[i].scopes);
        if (cli->json) write_token(&rows[i], mw_buf_str(&scopes), state, &json);
        else add_token(&rows[i], mw_buf_str(&scopes), state, &grid);
    }
    if (cli->json) mw_json_array_end(&json);
    else if (count > 0) mw_grid_print(&grid, "", &cli->out);
    else mw_buf_append_text(&cli->out, "there is no token yet\n");
    mw_buf_release(&scopes);
    mw_buf_release(&grid.cells);
    return MW_OK;
}

mw_status mw_cli_tokens_list(mw_cli *cli, mw_error *err) {
    return with_state(cli, MW_WORKSPACE_READ, list, err);
}
