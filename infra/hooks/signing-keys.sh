#!/bin/sh
# After provisioning: makes the first key that signs personal links and sessions, if there is none.
# The key is made here, goes to the vault, and stands in no command line and no log.
set -eu

list() {
  az keyvault secret list --vault-name "$VAULT_NAME" \
    --query "[?name=='signing-keys'].name" --output tsv
}

# A role that was granted a moment ago takes some minutes to work.
tries=0
until found=$(list); do
  tries=$((tries + 1))
  if [ "$tries" -ge 10 ]; then
    echo "The vault $VAULT_NAME cannot be read. Are you the operator, or one of the group?" >&2
    exit 1
  fi
  sleep 30
done
if [ -n "$found" ]; then
  exit 0
fi

umask 077
file=$(mktemp)
trap 'rm -f "$file"' EXIT
openssl rand -base64 48 | tr -d '\n' >"$file"
az keyvault secret set --vault-name "$VAULT_NAME" --name signing-keys \
  --file "$file" --encoding utf-8 --output none
echo "Made the first signing key."

# The app may have looked for the key already, and Azure keeps what came of that for a day.
site="subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$AZURE_RESOURCE_GROUP/providers/Microsoft.Web/sites/$APP_NAME"
az rest --method post --output none \
  --url "https://management.azure.com/$site/config/configreferences/appsettings/refresh?api-version=2022-03-01" ||
  echo "The app reads the key within a day, or as soon as one of its settings changes." >&2
