"""Which parameters each method knows."""

from __future__ import annotations

_SENDING = (
    "business_connection_id chat_id message_thread_id direct_messages_topic_id disable_notification protect_content "
    "allow_paid_broadcast message_effect_id suggested_post_parameters reply_parameters reply_markup"
)
_CAPTION = "caption parse_mode caption_entities"
_EDITED = "business_connection_id chat_id message_id inline_message_id reply_markup"

PARAMETERS: dict[str, frozenset[str]] = {
    method: frozenset(names.split())
    for method, names in {
        "getMe": "",
        "getUpdates": "offset limit timeout allowed_updates",
        "setWebhook": "url certificate ip_address max_connections allowed_updates drop_pending_updates secret_token",
        "deleteWebhook": "drop_pending_updates",
        "getWebhookInfo": "",
        "sendMessage": f"{_SENDING} text parse_mode entities link_preview_options",
        "sendMessageDraft": "chat_id message_thread_id draft_id text parse_mode entities",
        "sendPhoto": f"{_SENDING} {_CAPTION} photo show_caption_above_media has_spoiler",
        "sendDocument": f"{_SENDING} {_CAPTION} document thumbnail disable_content_type_detection",
        "sendMediaGroup": _SENDING.replace("suggested_post_parameters ", "").replace(" reply_markup", "") + " media",
        "sendChatAction": "business_connection_id chat_id message_thread_id action",
        "editMessageText": f"{_EDITED} text parse_mode entities link_preview_options",
        "editMessageCaption": f"{_EDITED} {_CAPTION} show_caption_above_media",
        "editMessageMedia": f"{_EDITED} media",
        "editMessageReplyMarkup": _EDITED,
        "deleteMessage": "chat_id message_id",
        "setMessageReaction": "chat_id message_id reaction is_big",
        "answerCallbackQuery": "callback_query_id text show_alert url cache_time",
        "answerInlineQuery": "inline_query_id results cache_time is_personal next_offset button",
        "getFile": "file_id",
        "getChat": "chat_id",
        "getChatMember": "chat_id user_id",
        "getChatAdministrators": "chat_id return_bots",
        "leaveChat": "chat_id",
        "setMyCommands": "commands scope language_code",
        "getMyCommands": "scope language_code",
        "deleteMyCommands": "scope language_code",
        "setMyDescription": "description language_code",
        "getMyDescription": "language_code",
        "setMyShortDescription": "short_description language_code",
        "getMyShortDescription": "language_code",
    }.items()
}
